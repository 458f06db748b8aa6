/** Thousands of damaged files of each kind end in samples or in one sentence, at once, and take at most 300 MB. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test.skipIf(process.platform !== 'linux').each([
  ['recordings', 5000],
  ['parquet', 600],
  ['lhotse', 2000],
] as const)(
  '%s',
  async (kind, count) => {
    const folder = await mkdtemp(join(tmpdir(), 'pinch-mutations-'));
    try {
      const script = join(import.meta.dirname, 'mutateInProcess.ts');
      const args = ['--import', 'tsx', script, kind, String(count), folder];
      const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 });
      const said = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number | string[]>;
      expect(said['wrong']).toEqual([]);
      expect(said['megabytes']).toBeLessThan(300);
      // Processor time of one file, in seconds.
      expect(said['slowest']).toBeLessThan(10);
      expect(said['refused']).toBeGreaterThan(count / 10);
      expect(said['refused']).toBeLessThan(count);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  300_000,
);
