/** `pinch evaluate`: what a model gets wrong on a manifest, how fast, large and sparse it is, and how it compares with another. */

import { evaluate as measure } from '../train/evaluate.ts';
import { describeEvaluation, summary, writeEvaluation } from '../train/evaluationReport.ts';
import { keptFolder } from '../train/keptEvaluation.ts';
import type { Device } from '../train/session.ts';
import { refuseWithoutCost } from './costFlags.ts';
import { exitCodes, printResult } from './output.ts';
import { showProgress } from './progress.ts';

export interface EvaluateFlags {
  readonly data: string;
  readonly against?: string;
  readonly out?: string;
  readonly keep?: boolean;
  readonly batch?: number;
  readonly device?: Device;
  readonly cost: boolean;
  readonly latency?: boolean;
  readonly compressed?: boolean;
  readonly json?: boolean;
}

export async function evaluate(model: string, flags: EvaluateFlags): Promise<number> {
  const { data, against, out, keep = false, batch, device, cost, json = false } = flags;
  refuseWithoutCost(flags);
  const evaluation = await measure(model, data, {
    cost,
    latency: flags.latency ?? false,
    compressed: flags.compressed ?? false,
    onMeasure: (label, done, total) => showProgress({ label, done, total }),
    ...(against === undefined ? {} : { against }),
    ...(batch === undefined ? {} : { batch }),
    ...(device === undefined ? {} : { device }),
    onProgress: ({ model, done, utterances }) => {
      const whose = against === undefined ? '' : ` by ${model}`;
      showProgress({ label: `Utterances recognised${whose}`, done, total: utterances });
    },
  });
  if (out !== undefined) await writeEvaluation(out, evaluation);
  if (keep) {
    const { comparison, ...own } = evaluation;
    for (const each of comparison ? [own, comparison.against] : [own]) {
      await writeEvaluation(keptFolder(each.modelFile.path, data), each);
    }
  }
  // Transcripts that are kept need not be printed: the editor would parse those of a large corpus for nothing.
  printResult(json, keep ? summary(evaluation) : evaluation, describeEvaluation(evaluation));
  return exitCodes.done;
}
