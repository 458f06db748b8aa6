/** Completes one task of a study from any state: trains its run as far as needed, then evaluates its model. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { loadModel } from '../onnx/file/load.ts';
import { effectiveRecords } from '../protocol/records.ts';
import { runPaths } from '../runs/paths.ts';
import { readRecords } from '../runs/metrics/readRecords.ts';
import { listCheckpoints } from '../runfolder/checkpoint.ts';
import { liveness, readState } from '../runs/state.ts';
import { textStepsOf, type TextStep } from '../protocol/textSteps.ts';
import { readKept, type Measured } from '../measure/evaluate/keptEvaluation.ts';
import { startTrainer } from '../train/start/process.ts';
import { evaluateInto, type EvaluationOrder } from './evaluateInto.ts';
import { makeRunFolder, refuseOtherRun } from './makeRunFolder.ts';
import type { StudyPaths } from './paths.ts';
import type { Task } from './plan.ts';
import type { Study, StudySet } from './file/studyFile.ts';
import type { StudyInputs } from './inputs.ts';

/** A study and where it is. */
export interface StudyPlace {
  readonly study: Study;
  readonly paths: StudyPaths;
  readonly inputs: StudyInputs;
}

export interface TaskContext extends StudyPlace {
  /** Threads of one operator; undefined for onnxruntime's choice. */
  readonly threads: number | undefined;
  /** Ends the training after a checkpoint. */
  readonly signal: AbortSignal;
}

/** `stopped`: by the signal or by a user; it is resumed the next time. */
export type TaskEnd = { readonly status: 'done' | 'stopped' } | { readonly status: 'failed'; readonly message: string };

/** Finds finished work and does not repeat it. */
export async function doTask(task: Task, context: TaskContext): Promise<TaskEnd> {
  try {
    if (task.kind === 'run') {
      const folder = await makeRunFolder(task, context.paths, context.inputs.ofRun(task.model));
      const trained = await trainToEnd(folder, context);
      if (trained.status !== 'done') return trained;
    }
    const { signal } = context;
    if (signal.aborted) return { status: 'stopped' };
    await measure(task, context);
    return { status: wasAborted(signal) && !(await isDone(task, context)) ? 'stopped' : 'done' };
  } catch (error) {
    return failureOf(error);
  }
}

export function failureOf(error: unknown): Extract<TaskEnd, { readonly status: 'failed' }> {
  return { status: 'failed', message: error instanceof Error ? error.message : String(error) };
}

/** Not a constant, though it was looked at before: time has passed. */
const wasAborted = (signal: AbortSignal): boolean => signal.aborted;

/** Whether the run is trained and its model evaluated on all data. */
export async function isDone(task: Task, place: StudyPlace): Promise<boolean> {
  try {
    const model = await modelOf(task, place);
    return model !== undefined && (await openSets(task, model, place)).length === 0;
  } catch {
    // Doing it says what is wrong.
    return false;
  }
}

/**
 * The model that a task evaluates: a run's last checkpoint. A choice by the development set would favour methods that are evaluated more
 * often. Undefined if the run is not finished.
 * @throws Error if the run has other settings or data than the study has now, or if its checkpoint is gone.
 */
export async function modelOf(task: Task, { study, paths, inputs }: StudyPlace): Promise<string | undefined> {
  if (task.kind === 'model') return study.models.find(({ name }) => name === task.model)?.path;
  const folder = paths.run(task.name);
  if ((await readState(folder))?.status !== 'done') return undefined;
  await refuseOtherRun(folder, task, inputs.ofRun(task.model));
  const records = effectiveRecords(await readRecords(runPaths(folder).metrics));
  const end = records.findLast((record) => record.kind === 'end');
  if (end?.status !== 'done' || end.checkpoint === null) return undefined;
  const checkpoint = join(folder, end.checkpoint);
  if (existsSync(checkpoint)) return checkpoint;
  throw new Error(`${checkpoint}: the checkpoint is gone; delete ${folder} to train it again.`);
}

/** The existing, valid evaluations, in the order of the study's sets; undefined where there is none. */
export async function readMeasured(
  task: Task,
  model: string,
  { study, paths, inputs }: StudyPlace,
): Promise<(Measured | undefined)[]> {
  const file = await loadModel(model);
  return Promise.all(
    study.sets.map(async ({ name, manifest }) =>
      readKept(file, manifest, {
        folder: paths.evaluation(task.name, name),
        dataSha256: inputs.checksumOf(name),
        steps: textOf(task),
      }),
    ),
  );
}

/** The steps for the references of a given model; those of a checkpoint are its run's. */
function textOf(task: Task): readonly TextStep[] | undefined {
  return task.kind === 'model' && task.text !== undefined ? textStepsOf(task.text) : undefined;
}

async function openSets(task: Task, model: string, place: StudyPlace): Promise<StudySet[]> {
  const measured = await readMeasured(task, model, place);
  return place.study.sets.filter((_, at) => measured[at] === undefined);
}

/** All that is missing in one process, which loads the model once. */
async function measure(task: Task, context: TaskContext): Promise<void> {
  const model = await modelOf(task, context);
  if (model === undefined) throw new Error(`${context.paths.run(task.name)}: the run has no checkpoint to measure.`);
  const sets = await openSets(task, model, context);
  if (sets.length === 0) return;
  await evaluateInto(context.paths.evaluations(task.name), {
    model,
    sets,
    text: textOf(task),
    device: await deviceOf(task, context),
    threads: context.threads,
    // The editor finds it beside a checkpoint. The folder of the user's own model must not be written to.
    keep: task.kind === 'run',
    signal: context.signal,
  });
}

/** The device that trained the run; of a model as given, the one that the study names. On the processor a large model would take days. */
async function deviceOf(task: Task, { study, paths }: StudyPlace): Promise<EvaluationOrder['device']> {
  if (task.kind === 'model') return deviceNamed(study.settings['device']);
  const records = await readRecords(runPaths(paths.run(task.name)).metrics);
  return deviceNamed(records.findLast((record) => record.kind === 'start')?.device);
}

function deviceNamed(name: unknown): EvaluationOrder['device'] {
  return name === 'cuda' || name === 'webgpu' ? name : 'cpu';
}

/** Milliseconds between two reads of a run that another process trains. */
const lookEvery = 500;

/** Crashes in a row without a checkpoint in between, after which the task is given up. */
const mostCrashes = 3;

async function trainToEnd(folder: string, { threads, signal }: TaskContext): Promise<TaskEnd> {
  let crashes = { step: -1, count: 0 };
  for (;;) {
    const state = await readState(folder);
    if (state?.status === 'done') return { status: 'done' };
    if (signal.aborted) return { status: 'stopped' };
    if (state !== undefined && (await liveness(state)) === 'live') {
      await setTimeout(lookEvery, undefined, { signal }).catch(() => undefined);
      continue;
    }
    const { code, signal: killed } = await train(folder, threads, signal);
    if (code === 0) continue;
    if (code === 130) return { status: 'stopped' };
    const after = await readState(folder);
    // Another process may have been faster, and trains in the folder now.
    if (after !== undefined && (await liveness(after)) === 'live') continue;
    if (code === 1) return { status: 'failed', message: after?.message ?? `${folder}: the trainer failed.` };
    const step = await newestCheckpoint(folder);
    crashes = { step, count: step > crashes.step ? 1 : crashes.count + 1 };
    if (crashes.count < mostCrashes) continue;
    const how = killed ?? `exit code ${code ?? 0}`;
    return { status: 'failed', message: `${folder}: the trainer ended unexpectedly ${mostCrashes} times (${how}).` };
  }
}

/** Its step: what a crash cannot take back. 0 without one. */
export async function newestCheckpoint(folder: string): Promise<number> {
  return (await listCheckpoints(runPaths(folder).checkpoints)).at(-1) ?? 0;
}

async function train(
  folder: string,
  threads: number | undefined,
  signal: AbortSignal,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const trainer = startTrainer(folder, { quiet: true, threads });
  signal.addEventListener('abort', trainer.stop, { once: true });
  // It may have come before somebody listened.
  if (signal.aborted) trainer.stop();
  try {
    return await trainer.ended;
  } finally {
    signal.removeEventListener('abort', trainer.stop);
  }
}
