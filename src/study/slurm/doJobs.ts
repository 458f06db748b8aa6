/** Runs a study's tasks as Slurm jobs, one each, and follows them through the shared folder until all are finished. */

import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { isDone, newestCheckpoint, type StudyPlace } from '../doTask.ts';
import { commandFile } from '../evaluateInto.ts';
import type { TaskEvents } from '../local.ts';
import type { Task } from '../plan.ts';
import { activeTasks, SlurmSilentError, submitArray } from './commands.ts';
import { Submissions } from './submissions.ts';

export interface JobsContext extends StudyPlace {
  /** Ends the following; the jobs go on. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Milliseconds between two polls. Slurm's administrators ask for no more than this. */
  readonly lookEvery?: number;
}

/** Jobs of a task in a row without progress, after which it is given up. */
const mostInVain = 3;

/** Slurm's default limit of an array is 1001. */
const largestArray = 1000;

/** Jobs of an earlier process are found again and not submitted twice. @throws Error in Slurm's words if it refuses the jobs. */
export async function doJobs(tasks: readonly Task[], context: JobsContext, events: TaskEvents): Promise<void> {
  const { paths, signal, lookEvery = 5000 } = context;
  const jobs = new Jobs(await Submissions.open(paths.slurm), context);
  let open = [...tasks];
  for (;;) {
    // Read before the files, so that a task that ends in between is not taken for a lost one.
    const active = await jobs.active();
    const idle: Task[] = [];
    const left: Task[] = [];
    for (const task of open) {
      const failure = active && !active.has(task.name) ? await jobs.failureOf(task) : undefined;
      if (await isDone(task, context)) await events.onEnd(task, { status: 'done' });
      else if (failure !== undefined) await events.onEnd(task, { status: 'failed', message: failure });
      else {
        left.push(task);
        if (active && !active.has(task.name)) idle.push(task);
      }
    }
    open = left;
    if (open.length === 0 || signal.aborted) return;
    for (let at = 0; at < idle.length; at += largestArray) await jobs.submit(idle.slice(at, at + largestArray));
    await setTimeout(lookEvery, undefined, { signal }).catch(() => undefined);
  }
}

class Jobs {
  private readonly submissions: Submissions;
  private readonly context: JobsContext;
  /** The tasks submitted by this process: the step of the run's newest checkpoint at that time, and the number of jobs without progress. */
  private readonly tries = new Map<string, { readonly step: number; readonly inVain: number }>();
  private silent = false;

  constructor(submissions: Submissions, context: JobsContext) {
    this.submissions = submissions;
    this.context = context;
  }

  /** The names of the tasks that Slurm has; undefined while it does not answer. */
  async active(): Promise<Set<string> | undefined> {
    return this.patiently(async () => this.submissions.tasksIn(await activeTasks(this.submissions.names)));
  }

  /** A submission that Slurm may or may not have taken is looked for the next time. */
  async submit(tasks: readonly Task[]): Promise<void> {
    const { study, paths, say } = this.context;
    const submission = await this.submissions.add(tasks.map(({ name }) => name));
    const job = {
      name: submission.name,
      tasks: tasks.length,
      together: study.together,
      threads: study.threads,
      output: this.submissions.logOf(submission, '%a'),
      script: jobScript(this.submissions.listOf(submission), study.file, paths.folder),
    };
    const taken = await this.patiently(async () => {
      await submitArray(job, study.slurm);
      return true;
    });
    if (!taken) return;
    say(`Submitted ${tasks.length} as ${submission.name}: ${tasks.map(({ name }) => name).join(', ')}.`);
    for (const task of tasks) {
      const step = await this.stepOf(task);
      const before = this.tries.get(task.name);
      this.tries.set(task.name, { step, inVain: before && step <= before.step ? before.inVain + 1 : 0 });
    }
  }

  /** The reason to submit no further job for a task that Slurm no longer has; undefined if there is none. */
  async failureOf(task: Task): Promise<string | undefined> {
    const tried = this.tries.get(task.name);
    const place = this.submissions.find(task.name);
    // A task that failed for an earlier process is tried again: that is why somebody started the study again.
    if (!tried || !place) return undefined;
    const log = this.submissions.logOf(place.submission, place.index);
    const last = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n').at(-1) ?? '';
    const failed = `${task.name}: failed: `;
    if (last.startsWith(failed)) return last.slice(failed.length);
    if (tried.inVain < mostInVain - 1 || (await this.stepOf(task)) > tried.step) return undefined;
    return `Its job ended ${mostInVain} times without progress; see ${log}.`;
  }

  private async stepOf(task: Task): Promise<number> {
    if (task.kind === 'model') return 0;
    return newestCheckpoint(this.context.paths.run(task.name));
  }

  private async patiently<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      const answer = await ask();
      this.silent = false;
      return answer;
    } catch (error) {
      if (!(error instanceof SlurmSilentError)) throw error;
      if (!this.silent) this.context.say(`Slurm does not answer (${error.message}); waiting for it.`);
      this.silent = true;
      return undefined;
    }
  }
}

/** `exec`, so that Slurm's signals reach the command itself. */
function jobScript(list: string, file: string, folder: string): string {
  const command = [process.execPath, commandFile(), 'study', file, '--folder', folder, '--only'].map(quoted).join(' ');
  return `#!/bin/sh\nname=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${quoted(list)})\nexec ${command} "$name"\n`;
}

/** Quotes a text for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
