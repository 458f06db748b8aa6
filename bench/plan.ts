/** What planning a run on a hundred hours takes: the first time, and again with the lengths of the recordings known. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeLibriSpeechTree } from '../test/speech/librispeechTree.ts';

const run = promisify(execFile);

/**
 * Makes a tree like train-clean-100 of the recordings of a manifest, and plans a run on it twice each round, every time in a process of its
 * own. Prints a JSON line for each with the seconds of its parts and the peak memory.
 */
export async function plan(shared: string, rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pinch-bench-'));
  try {
    const manifest = join(shared, 'data/digits/train.jsonl');
    const { 'train-clean-100': tree } = await makeLibriSpeechTree(folder, { manifest, sets: ['train-clean-100'] });
    for (let round = 0; round < rounds; round++) {
      const env = { ...process.env, PINCH_DATA: join(folder, `data-${round}`) };
      for (const time of ['first', 'again']) {
        const script = join(import.meta.dirname, 'planOnce.ts');
        const args = ['--import', 'tsx', script, tree, join(shared, 'models/w2v2-digits')];
        const { stdout } = await run(process.execPath, args, { env });
        console.log(JSON.stringify({ round, time, ...(JSON.parse(stdout) as object) }));
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
