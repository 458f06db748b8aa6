/** The sample in a folder, and the command of the installed extension, called as from a terminal. */

import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunState } from '../../src/protocol/records.ts';
import { fromRun } from './server.ts';

function installed(): string {
  const extensions = fromRun('PINCH_E2E_EXTENSIONS');
  const name = readdirSync(extensions).find((folder) => folder.startsWith('pinch.pinch-'));
  if (name === undefined) throw new Error(`${extensions}: the extension is not installed here.`);
  return join(extensions, name);
}

export function copySample(folder: string): void {
  cpSync(join(installed(), 'media/sample'), join(folder, 'pinch-sample'), { recursive: true });
}

/** Starts a run of the sample in a folder, with the command. @returns the run folder. */
export async function startRun(folder: string, name: string, ...options: readonly string[]): Promise<string> {
  const sample = join(folder, 'pinch-sample');
  const run = join(folder, '.pinch/runs', name);
  await promisify(execFile)(
    process.execPath,
    [
      ...[join(installed(), 'dist/cli.js'), 'prune', '--model', join(sample, 'model'), '--device', 'cpu', '--run', run],
      ...['--train', join(sample, 'train.jsonl'), '--dev', join(sample, 'dev.jsonl'), '--detach', ...options],
    ],
    { cwd: folder },
  );
  return run;
}

export function stateOf(run: string): RunState {
  return JSON.parse(readFileSync(join(run, 'state.json'), 'utf8')) as RunState;
}

/** The steps that metrics.jsonl holds, in its order. */
export function stepsOf(run: string): number[] {
  const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').split('\n').slice(0, -1);
  return lines
    .map((line) => JSON.parse(line) as { kind: string; step: number })
    .filter(({ kind }) => kind === 'step')
    .map(({ step }) => step);
}
