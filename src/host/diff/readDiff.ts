/** Checks the JSON of `pinch diff --json` and turns it into the page's state. */

import type { ScoringUnit } from '../../protocol/errorRate.ts';
import { modelDiff, type ChangedUtterance } from '../../protocol/results/diff.ts';
import type { AlignedUtterance, DiffResult } from '../../protocol/views/diff.ts';
import { readPrinted } from '../engine/printed.ts';
import { alignTexts } from '../evaluation/hypotheses.ts';
import { mapInSlices } from '../evaluation/inSlices.ts';

/** Number of utterances sent to the page. The files have all of them. */
const mostUtterances = 2000;

/**
 * @param nameOf the manifest's name for people.
 * @throws Error if the output is not the command's.
 */
export async function readDiff(output: unknown, nameOf: (path: string) => string): Promise<DiffResult> {
  const { vectors, recognition, ...whole } = readPrinted(modelDiff, output, 'diff');
  return {
    ...whole,
    vectors: { total: vectors.length, differ: vectors.filter(({ changed }) => changed !== 0).length },
    recognition: recognition && {
      ...recognition,
      data: nameOf(recognition.data),
      changed: await mapInSlices(recognition.changed.slice(0, mostUtterances), (utterance) =>
        aligned(utterance, recognition.b.unit),
      ),
    },
  };
}

function aligned({ id, reference, a, b }: ChangedUtterance, unit?: ScoringUnit): AlignedUtterance {
  return {
    id,
    a: { ...alignTexts(reference, a.text, unit), errors: a.errors },
    b: { ...alignTexts(reference, b.text, unit), errors: b.errors },
  };
}
