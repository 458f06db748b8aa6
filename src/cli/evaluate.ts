/** `pinch evaluate`: measures a model's word errors on a manifest, its speed, size and sparsity, and compares it with another model. */

import { sentenceOf } from '../base/errors.ts';
import { evaluate as measure } from '../measure/evaluate/evaluate.ts';
import { describeEvaluation, summary, writeEvaluation } from '../measure/evaluate/evaluationReport.ts';
import { keptFolder } from '../measure/evaluate/keptEvaluation.ts';
import type { Evaluation } from '../protocol/results/evaluation.ts';
import type { TextSetting } from '../protocol/textSteps.ts';
import type { Device } from '../runtime/session.ts';
import { refuseWithoutCost } from './costFlags.ts';
import { modelPath, modelPathIfGiven } from './modelPath.ts';
import { exitCodes, printResult } from './output.ts';
import { showProgress } from './progress.ts';

export interface EvaluateFlags {
  readonly data: string;
  readonly against?: string;
  readonly out?: string;
  readonly keep?: boolean;
  readonly batch?: number;
  readonly device?: Device;
  readonly text?: TextSetting;
  readonly cost: boolean;
  readonly latency?: boolean;
  readonly compressed?: boolean;
  readonly json?: boolean;
}

export async function evaluate(given: string, flags: EvaluateFlags): Promise<number> {
  const { data, out, keep = false, batch, device, text, cost, json = false } = flags;
  refuseWithoutCost(flags);
  const model = await modelPath(given);
  const against = await modelPathIfGiven(flags.against);
  const evaluation = await measure(model, data, {
    cost,
    text,
    latency: flags.latency ?? false,
    compressed: flags.compressed ?? false,
    onMeasure: (label, done, total) => showProgress({ label, done, total }),
    ...(against === undefined ? {} : { against }),
    ...(batch === undefined ? {} : { batch }),
    ...(device === undefined ? {} : { device }),
    onProgress: ({ model, done, utterances, window }) => {
      const whose = against === undefined ? '' : ` by ${model}`;
      if (window) {
        const label = `Windows of utterance ${done + 1} of ${utterances} recognised${whose}`;
        showProgress({ label, done: window.done, total: window.windows });
      } else showProgress({ label: `Utterances recognised${whose}`, done, total: utterances });
    },
  });
  const problems: string[] = [];
  const write = async (folder: string, each: Evaluation): Promise<void> => {
    try {
      await writeEvaluation(folder, each);
    } catch (error) {
      problems.push(`The evaluation could not be written. ${sentenceOf(error)}`);
    }
  };
  if (out !== undefined) await write(out, evaluation);
  if (keep) {
    const { comparison, ...own } = evaluation;
    for (const each of comparison ? [own, comparison.against] : [own]) {
      await write(keptFolder(each.modelFile.path, data), each);
    }
  }
  // The measurement took minutes, so it is printed even if the folder cannot be written. Kept transcripts are not printed: the editor would
  // parse those of a large corpus for nothing.
  const kept = keep && problems.length === 0;
  printResult(
    json,
    kept ? summary(evaluation) : { ...evaluation, ...problemOf(problems) },
    describeEvaluation(evaluation),
  );
  for (const problem of new Set(problems)) process.stderr.write(`${problem} Choose another folder with --out.\n`);
  return problems.length === 0 ? exitCodes.done : exitCodes.failed;
}

/** The JSON of a command that has its result but could not write it. */
function problemOf([message]: readonly string[]): { readonly message?: string } {
  return message === undefined ? {} : { message };
}
