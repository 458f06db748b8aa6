/** Checks what `pinch diff --json` printed, and makes of it what the page shows. */

import { modelDiff, type ChangedUtterance } from '../../protocol/results/diff.ts';
import type { AlignedUtterance, DiffResult } from '../../protocol/views/diff.ts';
import { readPrinted } from '../engine/printed.ts';
import { alignTexts } from '../evaluation/hypotheses.ts';
import { mapInSlices } from '../evaluation/inSlices.ts';

/** Utterances sent to the page; who wants to read more than these reads the files. */
const mostUtterances = 2000;

/**
 * @param nameOf a manifest, for people.
 * @throws Error if the output is none of the command's.
 */
export async function readDiff(output: unknown, nameOf: (path: string) => string): Promise<DiffResult> {
  const { vectors, recognition, ...whole } = readPrinted(modelDiff, output, 'diff');
  return {
    ...whole,
    vectors: { total: vectors.length, differ: vectors.filter(({ changed }) => changed !== 0).length },
    recognition: recognition && {
      ...recognition,
      data: nameOf(recognition.data),
      changed: await mapInSlices(recognition.changed.slice(0, mostUtterances), aligned),
    },
  };
}

function aligned({ id, reference, a, b }: ChangedUtterance): AlignedUtterance {
  return {
    id,
    a: { ...alignTexts(reference, a.text), errors: a.errors },
    b: { ...alignTexts(reference, b.text), errors: b.errors },
  };
}
