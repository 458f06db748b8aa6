/** Starts the trainer as a process of its own, and tells how it ended. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { controlLine, type ControlRequest } from '../protocol/control.ts';

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

/** The bundled trainer: beside this file once bundled; run from source, in the bundles' folder. */
export function trainerFile(): string {
  const fromSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(fromSource ? '../../dist/trainer.js' : './trainer.js', import.meta.url));
}

/**
 * Trains in a run folder that has a run.json. The process writes its progress to this one's standard error, and ends in good order when
 * this one is gone.
 */
export function startTrainer(folder: string): TrainerProcess {
  const child = spawn(process.execPath, [trainerFile(), folder, '--attached'], {
    // A group of its own: Ctrl-C in the terminal reaches only this process, which passes it on once.
    detached: process.platform !== 'win32',
    stdio: ['pipe', 'ignore', 'inherit'],
    windowsHide: true,
    env: { ...process.env, ...keepMemory, ELECTRON_RUN_AS_NODE: '1' },
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
