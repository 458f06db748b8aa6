/** Starts the trainer as a process of its own: one that this process waits for, or one that outlives it. */

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { controlLine, type ControlRequest } from '../../protocol/control.ts';
import type { RunState } from '../../protocol/records.ts';
import { runPaths } from '../../runs/paths.ts';
import { readState } from '../../runs/state.ts';
import { writeState } from '../../runfolder/runFolder.ts';
import { threadsVariable } from '../../runtime/session.ts';
import { startPipeDescriptor } from './startPipe.ts';
import { trainerFile } from '../../runtime/trainerFile.ts';

export interface TrainerProcess {
  /** Settles when the process is gone. `code` is null if a signal ended it. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Asks it to finish the step, write a checkpoint and end. */
  readonly stop: () => void;
  /** Ends it at once. */
  readonly kill: () => void;
}

/**
 * Has the C library of Linux keep freed memory for the next step instead of giving it back to the system page by page: measured on
 * wav2vec2-base, a third less time in the kernel. Other systems do not know these names.
 */
export const keepMemory = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: String(2 ** 40) };

export interface TrainerOptions {
  /** Whether the start table has a line for each layer. */
  readonly table?: boolean;
  /** Whether its progress goes to this process's standard error, as it does by default; trainer.log has it in any case. */
  readonly quiet?: boolean;
  /** Threads of one operator on the CPU; by default one for each core. */
  readonly threads?: number | undefined;
}

/** Trains in a run folder that has a run.json. The process ends in good order when this one is gone. */
export function startTrainer(
  folder: string,
  { quiet = false, threads, table = false }: TrainerOptions = {},
): TrainerProcess {
  const args = [trainerFile(), folder, '--attached', ...(table ? ['--table'] : [])];
  const child = spawn(process.execPath, args, {
    // A group of its own: Ctrl-C in the terminal reaches only this process, which passes it on once.
    detached: process.platform !== 'win32',
    stdio: ['pipe', 'ignore', quiet ? 'ignore' : 'inherit'],
    windowsHide: true,
    env: { ...trainerEnvironment(), ...threadsEnvironment(threads) },
  });
  const send = (request: ControlRequest): void => {
    child.stdin.write(controlLine(request));
  };
  // The process may be gone before it has read a request; `ended` tells.
  child.stdin.on('error', () => undefined);
  return {
    ended: new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal }));
    }),
    stop: () => send({ kind: 'stop' }),
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Milliseconds between two looks for a sign of life. */
const lookEvery = 20;

export interface DetachOptions {
  /** Whether the start table has a line for each layer. */
  readonly table?: boolean;
  /** Ends the waiting, not the trainer. Without it, returns as soon as the trainer is there, which takes it half a second. */
  readonly untilTrains?: { readonly signal: AbortSignal; readonly onPhase: (label: string) => void };
}

export interface Detached {
  readonly pid: number;
  /** What it said until it trained: the start table. Empty if nobody waited for it. */
  readonly said: string;
}

/**
 * Trains in a run folder that has a run.json, on its own: the process has no terminal, and goes on whatever becomes of this one.
 * @throws Error with its reason if it ended before it trained, or, not waited for, before it was there; state.json says so too, unless
 *   somebody else's state is there.
 */
export async function detachTrainer(
  folder: string,
  { table = false, untilTrains }: DetachOptions = {},
): Promise<Detached> {
  const paths = runPaths(resolve(folder));
  // What nobody in the trainer says, such as the last words of a native library, is worth keeping as well.
  const log = openSync(paths.log, 'a');
  const args = [trainerFile(), paths.folder, '--detached', ...(table ? ['--table'] : [])];
  const child = spawn(process.execPath, args, {
    // On Linux and macOS a session of its own, which no terminal can hang up.
    detached: true,
    stdio: ['ignore', 'ignore', log, 'pipe'],
    windowsHide: true,
    env: trainerEnvironment(),
  });
  closeSync(log);
  const pipe = child.stdio[startPipeDescriptor] as Readable;
  const heard = listenTo(pipe);
  let end: string | undefined;
  child.once('error', (error) => (end = error.message));
  child.once('exit', (code, signal) => (end = signal ?? `exit code ${code ?? 0}`));
  const { pid } = child;
  try {
    for (;;) {
      // Asked before the look, so that a process that says something and ends is not missed.
      const [ended, saidAll] = [end, heard.ended];
      const state = await readState(paths.folder);
      const there = pid !== undefined && state?.pid === pid;
      if (there && state.status !== 'failed') {
        const waits = untilTrains !== undefined && !untilTrains.signal.aborted && !saidAll && ended === undefined;
        if (!waits) return { pid, said: untilTrains ? heard.text : '' };
        if (state.message !== null) untilTrains.onPhase(state.message);
      }
      if (there && state.status === 'failed') throw new Error(state.message ?? 'The trainer failed.');
      if (ended !== undefined) {
        const message = (await lastWords(paths.log)) ?? `The trainer ended before it had begun (${ended}).`;
        if (state === undefined) await writeState(paths.folder, neverBegan(pid ?? 0, message));
        throw new Error(message);
      }
      await setTimeout(lookEvery);
    }
  } finally {
    pipe.destroy();
    child.unref();
  }
}

function listenTo(pipe: Readable): { text: string; ended: boolean } {
  const heard = { text: '', ended: false };
  pipe.setEncoding('utf8').on('data', (text: string) => (heard.text += text));
  pipe.once('end', () => (heard.ended = true));
  pipe.once('error', () => (heard.ended = true));
  return heard;
}

/** What tells a process of ours how many threads an operator gets. */
export function threadsEnvironment(threads: number | undefined): NodeJS.ProcessEnv {
  return threads === undefined ? {} : { [threadsVariable]: String(threads) };
}

function trainerEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, ...keepMemory, ELECTRON_RUN_AS_NODE: '1' };
}

/** The last line of a log that the trainer itself wrote, without its time. */
async function lastWords(log: string): Promise<string | undefined> {
  const lines = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n');
  return /^\S+Z {2}(.+)$/u.exec(lines.at(-1) ?? '')?.[1];
}

function neverBegan(pid: number, message: string): RunState {
  const heartbeat = new Date().toISOString();
  const process = { pid, processStart: null, host: hostname(), nonce: '' };
  return { status: 'failed', ...process, attempt: 1, step: 0, steps: 0, heartbeat, control: null, message };
}
