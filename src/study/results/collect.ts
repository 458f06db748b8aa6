/** Reads the results of a study's finished tasks. */

import { relative, sep } from 'node:path';
import { splitUnits } from '../../metrics/score.ts';
import { loadModel } from '../../onnx/file/load.ts';
import { effectiveRecords } from '../../protocol/records.ts';
import { runPaths } from '../../runs/paths.ts';
import { readRecords } from '../../runs/metrics/readRecords.ts';
import type { Measured } from '../../measure/evaluate/keptEvaluation.ts';
import { reportParameters } from '../../measure/model/parameterReport.ts';
import { modelOf, readMeasured, type StudyPlace } from '../doTask.ts';
import type { RunTask, Task } from '../plan.ts';
import type { Found, Rates } from '../../protocol/results/study.ts';

/** What is kept of a task's evaluation on one set: the texts of a large study would fill the memory. */
export interface SetErrors {
  readonly rates: Rates;
  readonly utterances: readonly UtteranceErrors[];
}

export interface UtteranceErrors {
  readonly id: string;
  /** Words of the reference, or what else is counted. */
  readonly words: number;
  readonly errors: number;
}

/** A finished task. */
export interface Collected {
  /** By the names of the sets. */
  readonly sets: ReadonlyMap<string, SetErrors>;
  /** The results of a run, without its comparisons; null for a model as given. */
  readonly found: Omit<Found, 'againstDense'> | null;
}

/** @returns undefined while a part of the task is missing. */
export async function collectTask(task: Task, place: StudyPlace): Promise<Collected | undefined> {
  const model = await modelOf(task, place);
  if (model === undefined) return undefined;
  const sets = new Map<string, SetErrors>();
  for (const [at, measured] of (await readMeasured(task, model, place)).entries()) {
    const name = place.study.sets[at]?.name;
    if (measured === undefined || name === undefined) return undefined;
    sets.set(name, errorsOf(measured));
  }
  return { sets, found: task.kind === 'run' ? await describeRunOf(task, model, sets, place) : null };
}

/** The rates of a task by the names of the sets. */
export function ratesOf({ sets }: Pick<Collected, 'sets'>): Record<string, Rates> {
  return Object.fromEntries(Array.from(sets, ([name, { rates }]) => [name, rates]));
}

export function errorsOf({ hypotheses, ...rates }: Measured): SetErrors {
  return {
    rates,
    utterances: hypotheses.map(({ id, reference, errors }) => ({
      id,
      words: splitUnits(reference, rates.unit).length,
      errors,
    })),
  };
}

async function describeRunOf(
  task: RunTask,
  model: string,
  sets: Collected['sets'],
  { paths }: StudyPlace,
): Promise<Omit<Found, 'againstDense'>> {
  const records = effectiveRecords(await readRecords(runPaths(paths.run(task.name)).metrics));
  const steps = records.filter((record) => record.kind === 'step');
  const start = records.find((record) => record.kind === 'start');
  const checkpoint = records.findLast((record) => record.kind === 'checkpoint');
  const { tensors, totals } = await reportParameters(await loadModel(model));
  return {
    scores: ratesOf({ sets }),
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
  };
}
