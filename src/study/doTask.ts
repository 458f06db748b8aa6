/** Completes one task of a study from any state: trains its run as far as needed, then evaluates its model. */

import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { loadModel } from '../onnx/file/load.ts';
import { effectiveRecords, type RunFile } from '../protocol/records.ts';
import { runPaths } from '../runs/paths.ts';
import { readRecords } from '../runs/metrics/readRecords.ts';
import { liveness, readState } from '../runs/state.ts';
import { readKept, type Measured } from '../measure/evaluate/keptEvaluation.ts';
import { startTrainer } from '../train/start/process.ts';
import { evaluateInto } from './evaluateInto.ts';
import { makeRunFolder } from './makeRunFolder.ts';
import { testSets, type StudyPaths, type TestSet } from './paths.ts';
import type { Task } from './plan.ts';
import type { Study } from './studyFile.ts';

export interface TaskContext {
  readonly study: Study;
  readonly paths: StudyPaths;
  /** The fields that every run.json of the study shares, without the settings. */
  readonly inputs: Omit<RunFile, 'settings'>;
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
      const folder = await makeRunFolder(task, context.paths, context.inputs);
      const trained = await trainToEnd(folder, context);
      if (trained.status !== 'done') return trained;
    }
    for (const set of testSets) {
      if (context.signal.aborted) return { status: 'stopped' };
      await measureOn(task, set, context);
    }
    return { status: context.signal.aborted && !(await isDone(task, context)) ? 'stopped' : 'done' };
  } catch (error) {
    return { status: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether the run is trained and its model evaluated on all data. */
export async function isDone(task: Task, { study, paths }: Pick<TaskContext, 'study' | 'paths'>): Promise<boolean> {
  const model = await modelOf(task, { study, paths }).catch(() => undefined);
  if (model === undefined) return false;
  const kept = await Promise.all(testSets.map((set) => readMeasured(task, set, model, { study, paths })));
  return kept.every((evaluation) => evaluation !== undefined);
}

/**
 * The model that a task evaluates: a run's last checkpoint. A choice by the development set would favour methods that are evaluated more
 * often. Undefined if the run is not finished.
 */
export async function modelOf(
  task: Task,
  { study, paths }: Pick<TaskContext, 'study' | 'paths'>,
): Promise<string | undefined> {
  if (task.kind === 'model') return study.model;
  const folder = paths.run(task.name);
  if ((await readState(folder))?.status !== 'done') return undefined;
  const records = effectiveRecords(await readRecords(runPaths(folder).metrics));
  const end = records.findLast((record) => record.kind === 'end');
  if (end?.status !== 'done' || end.checkpoint === null) return undefined;
  return join(folder, end.checkpoint);
}

/** An existing, valid evaluation. */
export async function readMeasured(
  task: Task,
  set: TestSet,
  model: string,
  { study, paths }: Pick<TaskContext, 'study' | 'paths'>,
): Promise<Measured | undefined> {
  return readKept(await loadModel(model), study[set], paths.evaluation(task.name, set));
}

async function measureOn(task: Task, set: TestSet, context: TaskContext): Promise<void> {
  const model = await modelOf(task, context);
  if (model === undefined) throw new Error(`${context.paths.run(task.name)}: the run has no checkpoint to measure.`);
  if ((await readMeasured(task, set, model, context)) !== undefined) return;
  await evaluateInto(context.paths.evaluation(task.name, set), {
    model,
    manifest: context.study[set],
    threads: context.threads,
    // The editor finds it beside a checkpoint. The folder of the user's own model must not be written to.
    keep: task.kind === 'run',
    signal: context.signal,
  });
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
    const step = after?.step ?? 0;
    crashes = { step, count: step > crashes.step ? 1 : crashes.count + 1 };
    if (crashes.count < mostCrashes) continue;
    const how = killed ?? `exit code ${code ?? 0}`;
    return { status: 'failed', message: `${folder}: the trainer ended unexpectedly ${mostCrashes} times (${how}).` };
  }
}

async function train(
  folder: string,
  threads: number | undefined,
  signal: AbortSignal,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const trainer = startTrainer(folder, { quiet: true, threads });
  signal.addEventListener('abort', trainer.stop, { once: true });
  try {
    return await trainer.ended;
  } finally {
    signal.removeEventListener('abort', trainer.stop);
  }
}
