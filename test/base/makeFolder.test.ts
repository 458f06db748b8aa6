/** Folders that can and cannot be made. */

import { chmod, mkdir, mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFolder } from '../../src/base/makeFolder.ts';

const place = await mkdtemp(join(tmpdir(), 'pinch-folder-'));
const isFolder = async (path: string): Promise<boolean> => (await stat(path)).isDirectory();

test('makes a folder with its parents, and leaves one that is there', async () => {
  const folder = join(place, 'a/b/c');
  await makeFolder(folder);
  await makeFolder(folder);
  expect(await isFolder(folder)).toBe(true);
});

test('is made once when several ask for it at the same time', async () => {
  const folder = join(place, 'many/of/them');
  await Promise.all(Array.from({ length: 20 }, () => makeFolder(folder)));
  expect(await isFolder(folder)).toBe(true);
});

test.each(['file', 'file/below', 'file/below/it'])('a file in the way of %s is an error', async (path) => {
  await writeFile(join(place, 'file'), '');
  await expect(makeFolder(join(place, path))).rejects.toMatchObject({ code: path === 'file' ? 'EEXIST' : 'ENOTDIR' });
});

test.skipIf(process.getuid?.() === 0)('a folder that nobody may write to is named', async () => {
  const closed = join(place, 'closed');
  await mkdir(closed);
  await chmod(closed, 0o500);
  await expect(makeFolder(join(closed, 'a/b'))).rejects.toMatchObject({ code: 'EACCES', path: join(closed, 'a') });
});

test.skipIf(process.platform !== 'linux')(
  'a place where the system makes no folders is an error and not a wait',
  async () => {
    await expect(makeFolder('/proc/pinch/below')).rejects.toMatchObject({ code: 'ENOENT', path: '/proc/pinch' });
  },
);
