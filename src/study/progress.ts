/** Progress of the runs in training, here or elsewhere: read from their folders, so it is the same for both. */

import { liveness, readState } from '../runs/state.ts';
import type { StudyPaths } from './paths.ts';
import type { Task } from './plan.ts';

export interface StudyProgress {
  /** Runs in training. */
  readonly names: readonly string[];
  /** Steps of all of them together. */
  readonly step: number;
  readonly steps: number;
}

/** Milliseconds between two reads: a trainer writes its state no more often. */
const lookEvery = 2000;

/** Calls `show` every two seconds, until the returned function is called. */
export function followProgress(
  tasks: readonly Task[],
  paths: StudyPaths,
  show: (progress: StudyProgress) => void,
): () => void {
  let looking = false;
  const timer = setInterval(() => {
    // On a slow disk, reads must not pile up.
    if (looking) return;
    looking = true;
    void measure(tasks, paths)
      .then((progress) => progress.names.length > 0 && show(progress))
      // A state that cannot be read now can be read the next time, or the run itself reports the reason.
      .catch(() => undefined)
      .finally(() => (looking = false));
  }, lookEvery);
  timer.unref();
  return () => clearInterval(timer);
}

async function measure(tasks: readonly Task[], paths: StudyPaths): Promise<StudyProgress> {
  let [step, steps] = [0, 0];
  const names: string[] = [];
  for (const { name, kind } of tasks) {
    const state = kind === 'run' ? await readState(paths.run(name)) : undefined;
    if (state === undefined || state.steps === 0 || (await liveness(state)) !== 'live') continue;
    names.push(name);
    step += state.step;
    steps += state.steps;
  }
  return { names, step, steps };
}
