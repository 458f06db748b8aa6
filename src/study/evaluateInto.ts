/** Evaluates a model on a study's sets in a process of its own, so that several run at once. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TextStep } from '../protocol/textSteps.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { keepMemory, threadsEnvironment } from '../train/start/process.ts';
import type { StudySet } from './file/studyFile.ts';

export interface EvaluationOrder {
  readonly model: string;
  /** Each has a name, which becomes its folder. */
  readonly sets: readonly Pick<StudySet, 'name' | 'manifest'>[];
  /** What is done to the references; undefined for what was done in the model's run. */
  readonly text?: readonly TextStep[] | undefined;
  readonly device: Exclude<RunSettings['device'], 'auto'>;
  readonly threads: number | undefined;
  /** Whether it is also kept beside the model. */
  readonly keep: boolean;
  /** Ends the process at once. The evaluation of the set at hand is then discarded. */
  readonly signal: AbortSignal;
}

/** The bundled command: this file's own bundle or, run from source, the one in the bundles' folder. */
export function commandFile(): string {
  const fromSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(new URL(fromSource ? '../../dist/cli.js' : './cli.js', import.meta.url));
}

/**
 * @param folder gets a folder for each set, written as soon as the set is evaluated.
 * @throws Error with the command's message, unless the signal ended it.
 */
export async function evaluateInto(folder: string, order: EvaluationOrder): Promise<void> {
  const { model, sets, text, device, threads, keep, signal } = order;
  const data = sets.flatMap(({ name, manifest }) => ['--data', `${name}=${manifest}`]);
  // The latency of a model that runs beside others would mean nothing.
  const args = [
    ...['evaluate', model, ...data, '--out', folder, '--device', device, '--no-cost'],
    ...(keep ? ['--keep'] : []),
    ...(text === undefined ? [] : ['--text', JSON.stringify(text)]),
  ];
  const child = spawn(process.execPath, [commandFile(), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
    // A process group of its own: this process handles Ctrl-C in a terminal.
    detached: process.platform !== 'win32',
    env: { ...process.env, ...keepMemory, ...threadsEnvironment(threads), ELECTRON_RUN_AS_NODE: '1' },
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  // It may have come before somebody listened.
  if (signal.aborted) kill();
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code === 0 || signal.aborted) return;
    throw new Error(
      said.trimEnd().split('\n').at(-1) || `${model}: it could not be measured (exit code ${code ?? 0}).`,
    );
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
