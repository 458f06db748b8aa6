/** Sound for the page: only sound files, only whole ones, only so large. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSound } from '../../../src/host/evaluation/soundFile.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-sound-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a clip, byte for byte, in a buffer of its own', async () => {
  const path = 'media/sample/clips/test-0000.wav';
  const { bytes, type } = await readSound(path);
  expect(type).toBe('audio/wav');
  expect(Buffer.compare(bytes, readFileSync(path))).toBe(0);
  expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
});

test.each([
  ['a file that is no sound', () => '/etc/passwd', 'in a format that the editor cannot play'],
  ['a file that is not there', () => join(folder, 'none.wav'), 'the file does not exist'],
  [
    'a folder',
    () => {
      mkdirSync(join(folder, 'folder.wav'));
      return join(folder, 'folder.wav');
    },
    'it is not a file',
  ],
  [
    'more than 50 MB',
    () => {
      const path = join(folder, 'large.wav');
      writeFileSync(path, '');
      truncateSync(path, 50 * 2 ** 20 + 1);
      return path;
    },
    'larger than 50 MB',
  ],
])('%s is refused', async (_, path, reason) => {
  await expect(readSound(path())).rejects.toThrow(reason);
});

test.skipIf(process.platform === 'win32')('a named pipe does not make it wait', async () => {
  const path = join(folder, 'pipe.wav');
  execFileSync('mkfifo', [path]);
  await expect(readSound(path)).rejects.toThrow('it is not a file');
});
