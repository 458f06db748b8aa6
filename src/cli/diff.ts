/** `pinch diff`: what differs between two models, layer by layer and, with data, in what they recognise. */

import { diffModels } from '../train/diff.ts';
import { describeDiff } from '../train/diffReport.ts';
import { writeEvaluation } from '../train/evaluationReport.ts';
import { keptFolder } from '../train/keptEvaluation.ts';
import { exitCodes, printResult } from './output.ts';
import { showProgress } from './progress.ts';

export interface DiffFlags {
  readonly data?: string;
  readonly keep?: boolean;
  readonly json?: boolean;
}

export async function diff(a: string, b: string, { data, keep = false, json = false }: DiffFlags): Promise<number> {
  const found = await diffModels(a, b, {
    ...(data === undefined ? {} : { data }),
    onProgress: (label, done, total) => showProgress({ label, done, total }),
    onEvaluation: async (evaluation) => {
      if (keep) await writeEvaluation(keptFolder(evaluation.modelFile.path, evaluation.data), evaluation);
    },
  });
  printResult(json, found, describeDiff(found));
  return exitCodes.done;
}
