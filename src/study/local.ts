/** Runs a study's tasks on this machine, several at once if it is large enough. */

import { setMaxListeners } from 'node:events';
import { availableParallelism, freemem } from 'node:os';
import { previewRun } from '../train/plan/preview.ts';
import { doTask, type TaskContext, type TaskEnd } from './doTask.ts';
import type { Task } from './plan.ts';
import type { Study } from './file/studyFile.ts';

export interface TaskEvents {
  readonly onStart: (task: Task) => void;
  /** Awaited before the next task begins. */
  readonly onEnd: (task: Task, end: TaskEnd) => Promise<void>;
}

export interface Share {
  /** Tasks at once. */
  readonly together: number;
  /** Threads of one operator in each task; undefined for onnxruntime's choice. */
  readonly threads: number | undefined;
}

/** Tasks start in order; none starts after the signal. @throws the first error of an event, after the others have stopped. */
export async function doTasks(
  tasks: readonly Task[],
  context: TaskContext,
  together: number,
  events: TaskEvents,
): Promise<void> {
  const broken = new AbortController();
  const signal = AbortSignal.any([context.signal, broken.signal]);
  // Every task listens to the signal, and Node.js warns of more than ten listeners.
  setMaxListeners(0, signal);
  const waiting = [...tasks];
  const work = async (): Promise<void> => {
    try {
      for (let task = waiting.shift(); task !== undefined && !signal.aborted; task = waiting.shift()) {
        events.onStart(task);
        await events.onEnd(task, await doTask(task, { ...context, signal }));
      }
    } catch (error) {
      broken.abort();
      throw error;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(together, tasks.length) }, work));
  const failure = ended.find((end) => end.status === 'rejected');
  if (failure) throw failure.reason;
}

/** Processors per run. With fewer, training slows down more than two runs at once gain. */
const fewestThreads = 4;

/** Fraction of the free memory for all runs. */
const mostMemory = 0.8;

/**
 * The study file's setting. Default: as many runs as have four processors each and fit into memory; one on a GPU.
 * @throws Error in one sentence if the first run of a model could not start.
 */
export async function shareMachine({ together, threads, models }: Study, tasks: readonly Task[]): Promise<Share> {
  const processors = availableParallelism();
  if (together !== null) return { together, threads: threads ?? shareOf(processors, together) };
  let [memory, onCpu] = [0, true];
  for (const { name } of models) {
    const first = tasks.find((task) => task.kind === 'run' && task.model === name);
    if (first?.kind !== 'run') continue;
    const { start } = await previewRun(first.settings, () => undefined);
    memory = Math.max(memory, start.memoryBytes);
    onCpu &&= start.device === 'cpu';
  }
  if (memory === 0) return { together: 1, threads: threads ?? undefined };
  const byProcessors = Math.floor(processors / (threads ?? fewestThreads));
  const byMemory = Math.floor((mostMemory * freemem()) / memory);
  const fitting = onCpu ? Math.max(1, Math.min(byProcessors, byMemory, tasks.length)) : 1;
  return { together: fitting, threads: threads ?? shareOf(processors, fitting) };
}

/** A single run has the threads that it has without a study. */
function shareOf(processors: number, together: number): number | undefined {
  return together === 1 ? undefined : Math.max(1, Math.floor(processors / together));
}
