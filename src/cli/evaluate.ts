/** `pinch evaluate`: measures a model's errors on manifests, its speed, size and sparsity, and compares it with another model. */

import { join } from 'node:path';
import { sentenceOf } from '../base/errors.ts';
import { evaluateOnSets } from '../measure/evaluate/evaluate.ts';
import { describeEvaluation, summary, writeEvaluation } from '../measure/evaluate/evaluationReport.ts';
import { describeEvaluations } from '../measure/evaluate/evaluationTable.ts';
import { keptFolder } from '../measure/evaluate/keptEvaluation.ts';
import type { Evaluation } from '../protocol/results/evaluation.ts';
import type { TextSetting } from '../protocol/textSteps.ts';
import type { Device } from '../runtime/session.ts';
import { refuseWithoutCost } from './costFlags.ts';
import { evaluationSets, type NamedSet } from './evaluationSets.ts';
import { modelPath, modelPathIfGiven } from './modelPath.ts';
import { exitCodes, printResult } from './output.ts';
import { showProgress } from './progress.ts';

export interface EvaluateFlags {
  readonly data: readonly string[];
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
  const sets = evaluationSets(data);
  // One manifest that has no name is a set of its own: its evaluation is the whole result.
  const [only] = sets;
  const single = sets.length === 1 && only?.manifest === data[0];
  const model = await modelPath(given);
  const against = await modelPathIfGiven(flags.against);

  const problems: string[] = [];
  const write = async (folder: string, each: Evaluation): Promise<void> => {
    try {
      await writeEvaluation(folder, each);
    } catch (error) {
      problems.push(`The evaluation could not be written. ${sentenceOf(error)}`);
    }
  };
  const writeAll = async ({ name, manifest }: NamedSet, evaluation: Evaluation): Promise<void> => {
    if (out !== undefined) await write(single ? out : join(out, name), evaluation);
    if (!keep) return;
    const { comparison, ...own } = evaluation;
    for (const each of comparison ? [own, comparison.against] : [own]) {
      await write(keptFolder(each.modelFile.path, manifest), each);
    }
  };
  let current = 0;
  const evaluations = await evaluateOnSets(
    model,
    sets.map((set) => ({
      manifest: set.manifest,
      onEvaluated: async (evaluation) => writeAll(set, evaluation),
    })),
    {
      cost,
      text,
      latency: flags.latency ?? false,
      compressed: flags.compressed ?? false,
      onMeasure: (label, done, total) => showProgress({ label, done, total }),
      ...(against === undefined ? {} : { against }),
      ...(batch === undefined ? {} : { batch }),
      ...(device === undefined ? {} : { device }),
      onSet: (index) => (current = index),
      onProgress: ({ model, done, utterances, window }) => {
        const where = single ? '' : ` of ${sets[current]?.name ?? ''}`;
        const whose = against === undefined ? '' : ` by ${model}`;
        if (window) {
          const label = `Windows of utterance ${done + 1} of ${utterances}${where} recognised${whose}`;
          showProgress({ label, done: window.done, total: window.windows });
        } else showProgress({ label: `Utterances${where} recognised${whose}`, done, total: utterances });
      },
    },
  );
  const named = sets.flatMap(({ name }, at) => {
    const evaluation = evaluations[at];
    return evaluation ? [{ name, evaluation }] : [];
  });
  // The measurement took minutes, so it is printed even if the folder cannot be written. Kept transcripts are not printed: the editor would
  // parse those of a large corpus for nothing.
  const kept = keep && problems.length === 0;
  const whole = named.map(({ name, evaluation }) => ({ name, ...(kept ? summary(evaluation) : evaluation) }));
  const [first] = evaluations;
  if (single && first) {
    printResult(json, kept ? summary(first) : { ...first, ...problemOf(problems) }, describeEvaluation(first));
  } else printResult(json, { evaluations: whole, ...problemOf(problems) }, describeEvaluations(named));
  for (const problem of new Set(problems)) process.stderr.write(`${problem} Choose another folder with --out.\n`);
  return problems.length === 0 ? exitCodes.done : exitCodes.failed;
}

/** The JSON of a command that has its result but could not write it. */
function problemOf([message]: readonly string[]): { readonly message?: string } {
  return message === undefined ? {} : { message };
}
