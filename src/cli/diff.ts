/** `pinch diff`: compares two models layer by layer and, with data, by their transcripts. */

import { sentenceOf } from '../base/errors.ts';
import { diffModels } from '../measure/diff/diff.ts';
import { describeDiff } from '../measure/diff/diffReport.ts';
import { writeEvaluation } from '../measure/evaluate/evaluationReport.ts';
import { keptFolder } from '../measure/evaluate/keptEvaluation.ts';
import { modelPath } from './modelPath.ts';
import { exitCodes, printResult } from './output.ts';
import { showProgress } from './progress.ts';

export interface DiffFlags {
  readonly data?: string;
  readonly keep?: boolean;
  readonly json?: boolean;
}

export async function diff(a: string, b: string, { data, keep = false, json = false }: DiffFlags): Promise<number> {
  const problems = new Set<string>();
  const found = await diffModels(await modelPath(a), await modelPath(b), {
    ...(data === undefined ? {} : { data }),
    onProgress: (label, done, total) => showProgress({ label, done, total }),
    onEvaluation: async (evaluation) => {
      if (!keep) return;
      try {
        await writeEvaluation(keptFolder(evaluation.modelFile.path, evaluation.data), evaluation);
      } catch (error) {
        problems.add(`The evaluation could not be kept beside the model. ${sentenceOf(error)}`);
      }
    },
  });
  printResult(json, found, describeDiff(found));
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  return problems.size === 0 ? exitCodes.done : exitCodes.failed;
}
