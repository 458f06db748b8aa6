/** Runs a study from any state to its end, on this machine or on Slurm. */

import { claimStudy } from './claim.ts';
import { doTask, failureOf, type StudyPlace, type TaskEnd } from './doTask.ts';
import { doTasks, shareMachine, type TaskEvents } from './local.ts';
import { refuseMissing, StudyInputs } from './inputs.ts';
import { studyPaths } from './paths.ts';
import { planStudy, type Task } from './plan.ts';
import { followProgress, type StudyProgress } from './progress.ts';
import type { StudyResults } from '../protocol/results/study.ts';
import { doJobs } from './slurm/doJobs.ts';
import { StudyFileError, type Study } from './file/studyFile.ts';
import { Results } from './results/writeResults.ts';

export interface StudyOptions {
  /** Whether this machine trains, or Slurm. */
  readonly on: 'here' | 'slurm';
  readonly signal: AbortSignal;
  /** Lines of text for people. */
  readonly say: (line: string) => void;
  readonly onProgress: (progress: StudyProgress) => void;
  /** What is being done before anything is trained. */
  readonly onPhase?: (label: string) => void;
}

export interface StudyEnd {
  readonly status: 'done' | 'failed' | 'stopped';
  readonly results: StudyResults;
}

/** @throws StudyFileError if nothing can be started. */
export async function runStudy(
  study: Study,
  folder: string,
  { on, signal, say, onProgress, onPhase }: StudyOptions,
): Promise<StudyEnd> {
  const { tasks, place } = await prepareStudy(study, folder);
  const claim = await claimStudy(folder, tasks.length);
  const endProgress = followProgress(tasks, place.paths, onProgress);
  let status: StudyEnd['status'] = 'failed';
  try {
    const results = new Results(place, tasks);
    const open: Task[] = [];
    for (const [at, task] of tasks.entries()) {
      // Comparing finished runs of a large study takes a minute.
      onPhase?.(`Reading results: ${at + 1} of ${tasks.length}`);
      // What cannot be read is done again, which says what is wrong.
      if (!(await results.add(task).catch(() => false))) open.push(task);
    }
    claim.progress(results.done);
    if (open.length < tasks.length) say(`${tasks.length - open.length} of ${tasks.length} were done before.`);
    await results.write().catch((error: unknown) => say(failureOf(error).message));

    const failed: string[] = [];
    const events: TaskEvents = {
      onStart: ({ name }) => say(`${name}: begins.`),
      onEnd: async (task, ended) => {
        const end = await results.add(task).then(
          () => ended,
          (error: unknown) => (ended.status === 'failed' ? ended : failureOf(error)),
        );
        if (end.status === 'failed') {
          results.fail(task, end.message);
          failed.push(task.name);
        }
        claim.progress(results.done);
        say(`${task.name}: ${describeEnd(end)} ${results.done} of ${tasks.length} are done.`);
        // What is being trained goes on; the last writing must succeed.
        await results.write().catch((error: unknown) => say(failureOf(error).message));
      },
    };
    if (open.length > 0 && on === 'slurm') {
      await doJobs(open, { ...place, signal, say }, events);
      if (signal.aborted) say('The jobs go on; the same command follows them again.');
    } else if (open.length > 0) {
      const { together, threads } = await shareMachine(study, open);
      say(
        `${open.length} to do, ${together} at a time${threads === undefined ? '' : `, with ${threads} ${threads === 1 ? 'thread' : 'threads'} each`}.`,
      );
      await doTasks(open, { ...place, threads, signal }, together, events);
    }
    const written = await results.write();
    status = results.done === tasks.length ? 'done' : failed.length > 0 ? 'failed' : 'stopped';
    return { status, results: written };
  } finally {
    endProgress();
    await claim.release(status);
  }
}

/** Runs one task of a study that another process may be working on. @throws StudyFileError if there is none of this name. */
export async function runOne(
  study: Study,
  folder: string,
  name: string,
  { signal, say }: Pick<StudyOptions, 'signal' | 'say'>,
): Promise<TaskEnd> {
  const { tasks, place } = await prepareStudy(study, folder);
  const task = tasks.find((task) => task.name === name);
  if (!task) {
    const names = tasks.map((task) => task.name).join(', ');
    throw new StudyFileError(`${study.file}: there is no "${name}" in this study; there are ${names}.`);
  }
  say(`${name}: begins.`);
  const end = await doTask(task, { ...place, threads: study.threads ?? processorsOfJob(), signal });
  say(`${name}: ${describeEnd(end)}`);
  return end;
}

/** The part of the machine that Slurm gave to this job. */
function processorsOfJob(): number | undefined {
  const processors = Number(process.env['SLURM_CPUS_ON_NODE']);
  return Number.isSafeInteger(processors) && processors > 0 ? processors : undefined;
}

function describeEnd(end: TaskEnd): string {
  if (end.status === 'failed') return `failed: ${end.message}`;
  return end.status === 'done' ? 'done.' : 'stopped.';
}

async function prepareStudy(study: Study, folder: string): Promise<{ tasks: Task[]; place: StudyPlace }> {
  await refuseMissing(study);
  const tasks = planStudy(study);
  const first = tasks.find((task) => task.kind === 'run');
  if (!first) throw new StudyFileError(`${study.file}: there is nothing to train in this study.`);
  return { tasks, place: { study, paths: studyPaths(folder), inputs: await StudyInputs.of(study, first) } };
}
