/** `pinch pull`: gets a model from the Hugging Face hub into a folder. */

import { basename, join, relative } from 'node:path';
import { byteSize, counted } from '../base/format.ts';
import { pullModel } from '../huggingface/pull/pull.ts';
import type { PulledModel } from '../protocol/results/pull.ts';
import { interruptible } from './interruptible.ts';
import { printResult, UsageError } from './output.ts';
import { showProgress } from './progress.ts';

export interface PullFlags {
  readonly revision?: string;
  readonly out?: string;
  readonly file?: readonly string[];
  readonly tokenEnv?: string;
  readonly json?: boolean;
}

const usualToken = 'HF_TOKEN';

export async function pull(id: string, { revision, out, file, tokenEnv, json = false }: PullFlags): Promise<number> {
  const work = async (signal: AbortSignal): Promise<() => void> => {
    const done = await pullModel({
      id,
      revision: revision ?? 'main',
      folder: out ?? join('models', basename(id)),
      files: file ?? [],
      token: readToken(tokenEnv),
      tokenName: tokenEnv ?? usualToken,
      signal,
      say: (line) => process.stderr.write(`${line}\n`),
      onProgress: inMegabytes(),
    });
    return () => printResult(json, done, describe(done));
  };
  return interruptible(work, 'Interrupted. The downloaded part is kept: run the same command again to resume.');
}

/** A token stands in the environment alone: a flag would show in the list of processes, and stay in the shell's history. */
function readToken(name: string | undefined): string | undefined {
  const token = process.env[name ?? usualToken]?.trim() ?? '';
  if (token === '' && name !== undefined) throw new UsageError(`--token-env names ${name}, which is not set.`);
  return token === '' ? undefined : token;
}

/** Shows bytes as whole megabytes, each number once; all of them only at the end. */
function inMegabytes(): (label: string, bytes: number, total: number) => void {
  let last = '';
  return (label, bytes, total) => {
    const all = Math.ceil(total / 1e6);
    const done = bytes === total ? all : Math.min(Math.floor(bytes / 1e6), all - 1);
    if (last === `${label} ${done}`) return;
    last = `${label} ${done}`;
    showProgress({ label: `${label} (MB)`, done, total: all });
  };
}

function describe({ id, commit, folder, files }: PulledModel): string {
  const bytes = (from: PulledModel['files'][number]['from']): number =>
    files.filter((file) => file.from === from).reduce((sum, file) => sum + file.bytes, 0);
  const sources = [
    [bytes('hub'), 'fetched'],
    [bytes('cache'), 'from the local cache'],
    [bytes('there'), 'there already'],
  ] as const;
  const parts = sources.filter(([size]) => size > 0).map(([size, what]) => `${byteSize(size)} ${what}`);
  const shown = relative(process.cwd(), folder);
  return `${id} at ${commit.slice(0, 12)} is in ${shown.startsWith('..') ? folder : shown}: ${counted(files.length, 'file')}, ${parts.join(', ')}.\n`;
}
