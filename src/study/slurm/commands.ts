/** Slurm's commands: submits jobs, and lists those that Slurm still has. */

import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { SlurmSettings } from '../file/schema.ts';

/** Slurm does not answer now: its controller is being restarted, or the network is down. That will pass. */
export class SlurmSilentError extends Error {
  override readonly name = 'SlurmSilentError';
}

/** The messages of sbatch and squeue when the request itself is not the problem. */
const silent =
  /unable to contact|timed out|connection refused|communication|connect failure|not responding|temporarily/iu;

export interface ArrayJob {
  /** A unique name, by which the job is found again. */
  readonly name: string;
  /** The number of tasks; their indices start at 0. */
  readonly tasks: number;
  /** Limit of tasks that run at once; null for none. */
  readonly together: number | null;
  readonly threads: number | null;
  /** Output file of task `%a`. */
  readonly output: string;
  readonly script: string;
}

/**
 * @throws SlurmSilentError if the job may or may not have been accepted.
 * @throws Error in Slurm's words if it is refused, or if there is no Slurm.
 */
export async function submitArray(job: ArrayJob, settings: SlurmSettings): Promise<void> {
  const child = spawn('sbatch', arrayFlags(job, settings), { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(job.script);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', () =>
      reject(new Error('Slurm is not installed here: the command sbatch could not be started.')),
    );
    child.once('close', resolve);
  });
  if (code === 0) return;
  if (silent.test(said)) throw new SlurmSilentError(lastLine(said));
  throw new Error(`Slurm does not take the jobs: ${lastLine(said)}.`);
}

export function arrayFlags(job: ArrayJob, { partition, gpus, time, memory, options }: SlurmSettings): string[] {
  const limit = job.together === null ? '' : `%${job.together}`;
  return [
    `--job-name=${job.name}`,
    `--array=0-${job.tasks - 1}${limit}`,
    `--output=${job.output}`,
    // A task that is restarted, because its machine went down, resumes from the last checkpoint.
    '--requeue',
    '--open-mode=append',
    // A minute before the time limit, in time for a checkpoint.
    '--signal=B:TERM@60',
    ...(job.threads === null ? [] : [`--cpus-per-task=${job.threads}`]),
    ...(partition === null ? [] : [`--partition=${partition}`]),
    ...(gpus === null || gpus === 0 ? [] : [`--gres=gpu:${gpus}`]),
    ...(time === null ? [] : [`--time=${time}`]),
    ...(memory === null ? [] : [`--mem=${memory}`]),
    ...options,
  ];
}

/**
 * The tasks that Slurm has, waiting or running, as `<name of the job> <index>`.
 * @throws SlurmSilentError
 */
export async function activeTasks(names: readonly string[]): Promise<Set<string>> {
  if (names.length === 0) return new Set();
  const flags = ['--me', '--noheader', '--array', `--name=${names.join(',')}`, '--format=%j %K'];
  try {
    const { stdout } = await promisify(execFile)('squeue', flags, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
    return new Set(stdout.split('\n').filter((line) => line !== ''));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new Error('Slurm is not installed here: the command squeue could not be started.');
    }
    throw new SlurmSilentError(lastLine(String((error as { stderr?: unknown }).stderr ?? error)));
  }
}

function lastLine(text: string): string {
  return (text.trimEnd().split('\n').at(-1) ?? '').replace(/^\w+: (?:error: |fatal: )?/u, '').replace(/\.$/u, '');
}
