/** What a study will take, found out without starting it: time, memory and disk, for each model and method and in all. */

import { join } from 'node:path';
import { byteSize, counted, duration } from '../base/format.ts';
import { median } from '../base/median.ts';
import { textTable } from '../base/textTable.ts';
import { effectiveRecords } from '../protocol/records.ts';
import type { MethodForecast, ModelForecast, StudyForecast } from '../protocol/results/studyForecast.ts';
import { readRecords } from '../runs/metrics/readRecords.ts';
import { runPaths } from '../runs/paths.ts';
import { readState } from '../runs/state.ts';
import { roomFor } from '../train/plan/footprint.ts';
import { previewRun } from '../train/plan/preview.ts';
import { steeringSet, type Study, type StudyModel } from './file/studyFile.ts';
import { refuseMissing } from './inputs.ts';
import { studyPaths, type StudyPaths } from './paths.ts';
import { planStudy, type RunTask } from './plan.ts';

/**
 * @param folder of the study, which need not be there yet; steps of runs that are in it say how long others will take.
 * @param onPhase is called with a few words when another part of the work begins.
 * @throws StudyFileError, or Error in one sentence as a run itself would.
 */
export async function forecastStudy(
  study: Study,
  folder: string,
  onPhase: (label: string) => void,
): Promise<StudyForecast> {
  await refuseMissing(study);
  const runs = planStudy(study).filter((task) => task.kind === 'run');
  const paths = studyPaths(folder);
  const problems = new Set<string>();
  const models: ModelForecast[] = [];
  for (const model of study.models) {
    const own = runs.filter((task) => task.model === model.name);
    models.push(await forecastModel(own, model, { study, paths, problems, onPhase }));
  }
  const kinds = models.flatMap(({ methods }) => methods);
  const diskBytes = sum(models.map((model) => model.diskBytes));
  const { disk } = await roomFor(folder);
  if (disk !== undefined && diskBytes > disk) {
    problems.add(
      `All runs together need up to ${byteSize(diskBytes)} of disk and ${byteSize(disk)} are free there; put the study elsewhere with --folder, or lower checkpoint.keep.`,
    );
  }
  return {
    study: study.name,
    runs: runs.length,
    done: sum(kinds.map(({ done }) => done)),
    sets: study.sets.map(({ name }) => name),
    models,
    seconds: sum(models.map(({ seconds }) => seconds)),
    memoryBytes: Math.max(...models.map(({ memoryBytes }) => memoryBytes)),
    diskBytes,
    problems: Array.from(problems),
  };
}

interface Context {
  readonly study: Study;
  readonly paths: StudyPaths;
  readonly problems: Set<string>;
  readonly onPhase: (label: string) => void;
}

async function forecastModel(
  runs: readonly RunTask[],
  { name }: StudyModel,
  { study, paths, problems, onPhase }: Context,
): Promise<ModelForecast> {
  const methods: MethodForecast[] = [];
  let device = '';
  let evaluationSeconds = 0;
  for (const method of new Set(runs.map((run) => run.method))) {
    const own = runs.filter((run) => run.method === method);
    const [first] = own;
    if (!first) continue;
    const {
      start,
      problem,
      evaluationSeconds: evaluations,
    } = await previewRun(
      first.settings,
      (label) => onPhase(`${label} (${name}, ${method})`),
      // Evaluating takes as long whatever method made the model.
      { folder: paths.runs, evaluateOn: methods.length === 0 ? study.sets.map(({ manifest }) => manifest) : [] },
    );
    if (problem !== null) problems.add(`${name}, ${method}: ${problem}`);
    device = start.device;
    evaluationSeconds += sum(evaluations ?? []);
    const step = await measuredStep(own, paths);
    methods.push({
      method,
      runs: own.length,
      done: await countDone(own, paths),
      steps: start.steps,
      seconds: step === undefined ? start.secondsExpected : step * start.steps,
      measured: step !== undefined,
      memoryBytes: start.memoryBytes,
      diskBytes: start.diskBytes ?? 0,
    });
  }
  const left = methods.map(({ runs, done, seconds }) => (runs - done) * (seconds + evaluationSeconds));
  return {
    name,
    device,
    methods,
    evaluationSeconds,
    seconds: sum(left),
    memoryBytes: Math.max(...methods.map(({ memoryBytes }) => memoryBytes)),
    diskBytes: sum(methods.map(({ runs, diskBytes }) => runs * diskBytes)),
  };
}

/** Fewer steps say little: the first ones build their graphs. */
const fewestSteps = 20;

/** Seconds of a step of any run in the folder that has made some, the median; undefined if there is none. */
async function measuredStep(runs: readonly RunTask[], paths: StudyPaths): Promise<number | undefined> {
  for (const { name } of runs) {
    const records = await readRecords(runPaths(join(paths.runs, name)).metrics).catch(() => []);
    const seconds = effectiveRecords(records).flatMap((each) => (each.kind === 'step' ? [each.secondsPerStep] : []));
    if (seconds.length >= fewestSteps) return median(seconds);
  }
  return undefined;
}

async function countDone(runs: readonly RunTask[], paths: StudyPaths): Promise<number> {
  const states = await Promise.all(runs.map(async ({ name }) => readState(paths.run(name)).catch(() => undefined)));
  return states.filter((state) => state?.status === 'done').length;
}

/** The forecast for people. */
export function describeForecast(forecast: StudyForecast, study: Study): string {
  const { runs, done, sets, models, seconds, memoryBytes, diskBytes, problems } = forecast;
  const header = ['model', 'method', 'runs', 'done', 'steps', 'a run takes', 'time', 'memory', 'disk of a run'];
  const rows = models.flatMap(({ name, methods }) =>
    methods.map((each) => [
      name,
      each.method,
      String(each.runs),
      String(each.done),
      String(each.steps),
      duration(each.seconds),
      each.measured ? 'measured' : 'estimated',
      byteSize(each.memoryBytes),
      byteSize(each.diskBytes),
    ]),
  );
  const ofModels = models.map(
    (model) =>
      `${model.name}: ${duration(model.seconds)} on ${model.device}, with ${duration(model.evaluationSeconds)} for each model on all sets; up to ${byteSize(model.memoryBytes)} of memory and ${byteSize(model.diskBytes)} of disk.`,
  );
  return [
    textTable([header, ...rows], [0, 1]).trimEnd(),
    ...ofModels,
    `In all: ${counted(runs, 'run')}, ${done} done; ${duration(seconds)} one after the other, up to ${byteSize(memoryBytes)} of memory at a time and ${byteSize(diskBytes)} of disk.`,
    `Every model is evaluated on ${sets.join(', ')}; during training on ${steeringSet(study).name}.`,
    ...problems,
    '',
  ].join('\n');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
