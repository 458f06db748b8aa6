/** Reads the results of a study's finished tasks, with the transcripts for the comparison. */

import { relative, sep } from 'node:path';
import { compareSystems } from '../metrics/compare.ts';
import { loadModel } from '../onnx/file/load.ts';
import { effectiveRecords } from '../protocol/records.ts';
import { runPaths } from '../runs/paths.ts';
import { readRecords } from '../runs/metrics/readRecords.ts';
import type { Measured } from '../measure/evaluate/keptEvaluation.ts';
import { reportParameters } from '../measure/model/parameterReport.ts';
import { modelOf, readMeasured } from './doTask.ts';
import { testSets, type StudyPaths, type TestSet } from './paths.ts';
import type { RunTask, Task } from './plan.ts';
import type { Found, Rates } from '../protocol/results/study.ts';
import type { Study } from './studyFile.ts';

type Where = { readonly study: Study; readonly paths: StudyPaths };

/** A finished task. */
export interface Collected {
  readonly measured: Readonly<Record<TestSet, Measured>>;
  /** The results of a run, without its comparison; null for the given model. */
  readonly found: Omit<Found, 'againstDense'> | null;
}

/** @returns undefined while a part of the task is missing. */
export async function collectTask(task: Task, where: Where): Promise<Collected | undefined> {
  const model = await modelOf(task, where);
  if (model === undefined) return undefined;
  const [dev, test] = await Promise.all(testSets.map((set) => readMeasured(task, set, model, where)));
  if (!dev || !test) return undefined;
  const measured = { dev, test };
  return { measured, found: task.kind === 'run' ? await describeRunOf(task, model, measured, where) : null };
}

/** The comparison of a run with the dense model; null for the dense model itself, or until the one with the same seed is finished. */
export function compareWithDense(
  task: RunTask,
  own: Collected,
  tasks: readonly Task[],
  collected: ReadonlyMap<string, Collected>,
): Found['againstDense'] {
  if (task.target === null) return null;
  const dense = tasks.find((other) => other.kind === 'run' && other.target === null && other.seed === task.seed);
  const against = dense && collected.get(dense.name);
  return against
    ? compareSystems(own.measured.test.hypotheses, against.measured.test.hypotheses, own.measured.test.unit)
    : null;
}

export function ratesOf({ unit, wer, cer, errors, words, utterances }: Measured): Rates {
  return { unit, wer, cer, errors, words, utterances };
}

async function describeRunOf(
  task: RunTask,
  model: string,
  { dev, test }: Collected['measured'],
  { paths }: Where,
): Promise<Omit<Found, 'againstDense'>> {
  const records = effectiveRecords(await readRecords(runPaths(paths.run(task.name)).metrics));
  const steps = records.filter((record) => record.kind === 'step');
  const start = records.find((record) => record.kind === 'start');
  const checkpoint = records.findLast((record) => record.kind === 'checkpoint');
  const { tensors, totals } = await reportParameters(await loadModel(model));
  return {
    checkpoint: relative(paths.folder, model).split(sep).join('/'),
    device: start?.device ?? '',
    steps: steps.at(-1)?.step ?? 0,
    seconds: steps.reduce((sum, { secondsPerStep }) => sum + secondsPerStep, 0),
    sparsity: totals.gated.sparsity,
    sparsityOfAll: totals.sparsity,
    parameters: totals.parameters,
    nonZeroParameters: totals.nonZeroParameters,
    bytes: checkpoint?.bytes ?? 0,
    layers: tensors.filter(({ gated }) => gated).map(({ layer, sparsity }) => ({ name: layer, sparsity })),
    dev: ratesOf(dev),
    test: ratesOf(test),
  };
}
