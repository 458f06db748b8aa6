/** The sample in a folder, and the command of the installed extension, called as from a terminal. */

import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

const bundled = (): string => join(installed(), 'media/sample');

export function copySample(folder: string): void {
  cpSync(bundled(), join(folder, 'pinch-sample'), { recursive: true });
}

/** The sample's clips and manifests, without its model. */
export function copySpeech(folder: string): void {
  for (const name of ['clips', 'train.jsonl', 'dev.jsonl', 'test.jsonl'])
    cpSync(join(bundled(), name), join(folder, name), { recursive: true });
}

/** The files of the sample's model as a Hugging Face checkpoint, by name. */
export async function sampleCheckpoint(): Promise<Record<string, Buffer>> {
  const scratch = mkdtempSync(join(tmpdir(), 'pinch-checkpoint-'));
  try {
    const out = join(scratch, 'checkpoint');
    await command('export', join(bundled(), 'model'), '--to', 'huggingface', '--out', out);
    return Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(join(out, name))]));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

const command = (...args: readonly string[]): Promise<unknown> =>
  promisify(execFile)(process.execPath, [join(installed(), 'dist/cli.js'), ...args]);

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
