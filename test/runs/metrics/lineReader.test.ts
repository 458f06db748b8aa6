/** Lines of a growing file: at the edges of chunks, cut short, and too long. */

import { appendFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { LineReader, longestLine } from '../../../src/runs/metrics/lineReader.ts';
import { temporaryFolder } from '../records.ts';

const megabyte = 1 << 20;

let path: string;
beforeEach(() => {
  path = join(temporaryFolder(), 'file');
});

/** The further lines, each with the place it says it is at. */
async function read(reader: LineReader, goOn = (): boolean => true): Promise<[number, string][]> {
  const found: [number, string][] = [];
  const file = await open(path);
  await reader.read(
    file,
    statSync(path).size,
    (bytes, start, end, offset) => found.push([offset, bytes.toString('utf8', start, end)]),
    goOn,
  );
  await file.close();
  return found;
}

test('each line is handed on once, when its end is there', async () => {
  const reader = new LineReader();
  writeFileSync(path, 'one\ntwo\nthr');
  expect(await read(reader)).toEqual([
    [0, 'one'],
    [4, 'two'],
  ]);
  expect(await read(reader)).toEqual([]);
  appendFileSync(path, 'ee\nfour');
  expect(await read(reader)).toEqual([[8, 'three']]);
  appendFileSync(path, '\n\n\nfive\n');
  expect(await read(reader)).toEqual([
    [14, 'four'],
    [21, 'five'],
  ]);
});

test('lines that lie across chunks are whole', async () => {
  // Prime lengths, so that line ends come to lie everywhere at a chunk's edge.
  const lines = Array.from({ length: 300 }, (_, i) => `${i}:`.padEnd(99_991, 'é'));
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  const found = await read(new LineReader());
  let offset = 0;
  const expected = lines.map((line): [number, string] => {
    offset += Buffer.byteLength(line) + 1;
    return [offset - Buffer.byteLength(line) - 1, line];
  });
  expect(found).toEqual(expected);
});

test.each([-1, 0, 1])('a line that ends %i bytes from a chunk’s edge is whole', async (by) => {
  const first = 'a'.repeat(longestLine);
  const second = 'b'.repeat(4 * megabyte - longestLine - 2 + by);
  writeFileSync(path, `${first}\n${second.slice(0, 1000)}\n${second.slice(1001)}\nend\n`);
  const found = await read(new LineReader());
  expect(found.map(([, line]) => line)).toEqual([first, second.slice(0, 1000), second.slice(1001), 'end']);
});

test.each([
  ['a little', longestLine + 1],
  ['more than a chunk', 5 * megabyte],
  ['exactly two chunks', 8 * megabyte],
])('a line that is %s too long is skipped, and counted once', async (_, length) => {
  writeFileSync(path, `one\n${'x'.repeat(length)}\ntwo\n`);
  const reader = new LineReader();
  expect((await read(reader)).map(([, line]) => line)).toEqual(['one', 'two']);
  expect(reader.skipped).toBe(1);
});

test('a line that grows too long is not read again and again', async () => {
  const reader = new LineReader();
  writeFileSync(path, 'x'.repeat(5 * megabyte));
  expect(await read(reader)).toEqual([]);
  expect(reader.position).toBe(4 * megabyte);
  appendFileSync(path, 'x\ntwo\n');
  expect((await read(reader)).map(([, line]) => line)).toEqual(['two']);
  expect(reader.skipped).toBe(1);
});

test('it can be stopped', async () => {
  writeFileSync(path, `${'x'.repeat(megabyte)}\n`.repeat(20));
  let chunks = 0;
  expect((await read(new LineReader(), () => ++chunks < 3)).length).toBeLessThan(10);
});

test('a line that is not taken comes again, and none after it before', async () => {
  writeFileSync(path, 'one\ntwo\nthree\n');
  const reader = new LineReader();
  const file = await open(path);
  const taken: string[] = [];
  let refuse = true;
  const use = (bytes: Buffer, start: number, end: number): boolean => {
    const line = bytes.toString('utf8', start, end);
    if (line === 'two' && refuse) return false;
    taken.push(`${reader.number} ${line}`);
    return true;
  };
  const read = (): Promise<void> => reader.read(file, statSync(path).size, use, () => true);
  await read();
  await read();
  expect([taken, reader.position]).toEqual([['1 one'], 4]);
  refuse = false;
  await read();
  expect([taken, reader.position]).toEqual([['1 one', '2 two', '3 three'], 14]);
  await file.close();
});
