/** Reading utterances: alignment, order, what is refused, and that the event loop goes on meanwhile. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alignTexts, readHypotheses } from '../../../src/host/evaluation/hypotheses.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-hypotheses-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(lines: readonly unknown[]): string {
  const path = join(folder, 'hypotheses.jsonl');
  writeFileSync(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)) + '\n').join(''));
  return path;
}

const utterance = (id: string, text: string, heard: string, more: object = {}): object => ({
  audio_filepath: `/clips/${id}.wav`,
  text,
  pred_text: heard,
  id,
  errors: 0,
  ...more,
});

test.each([
  ['nothing wrong', 'a b', 'a b', 'CC'],
  ['a word taken for another', 'a b c', 'a x c', 'CSC'],
  ['a word left out', 'a b c', 'a c', 'CDC'],
  ['a word added', 'a c', 'a b c', 'CIC'],
  ['nothing recognised', 'a b', '', 'DD'],
  ['nothing said', '', 'a', 'I'],
])('%s', (_, reference, hypothesis, edits) =>
  expect(alignTexts(reference, hypothesis)).toEqual({ reference, hypothesis, edits }),
);

test('texts that are too long are not aligned, and keep the count of the file', async () => {
  const long = 'word '.repeat(600);
  const [only] = await readHypotheses(file([utterance('long', long, `${long}more`, { errors: 7 })]));
  expect(only?.row).toMatchObject({ edits: null, errors: 7, words: 600 });
});

test('the channel to play', async () => {
  const [first, second] = await readHypotheses(
    file([utterance('a', 'a', 'a', { channel: 1 }), utterance('b', 'b', 'b')]),
  );
  expect([first?.channel, second?.channel]).toEqual([1, undefined]);
});

test('more errors come first, then the higher error rate', async () => {
  const lines = [
    utterance('right', 'a b', 'a b'),
    utterance('one of four', 'a b c d', 'a b c x'),
    utterance('one of two', 'a b', 'a x'),
    utterance('two', 'a b c d e f g h', 'a b c d e f x x'),
  ];
  const read = await readHypotheses(file(lines));
  expect(read.map(({ row }) => row.id)).toEqual(['two', 'one of two', 'one of four', 'right']);
});

test.each([
  ['a path that is not absolute', 'clips/a.wav', false],
  ['a file that is no sound', '/etc/passwd', false],
  ['a sound', '/clips/a.FLAC', true],
])('%s', async (_, audio, audible) => {
  const [only] = await readHypotheses(file([utterance('a', 'a', 'a', { audio_filepath: audio })]));
  expect(only?.row.audible).toBe(audible);
});

test('a line of somebody else is named', async () => {
  const path = file([utterance('a', 'a', 'a'), { text: 'b' }]);
  await expect(readHypotheses(path)).rejects.toThrow(`${path}:2: this line was not written by Pinch`);
});

test('a file that is not there is named', async () => {
  const path = join(folder, 'missing.jsonl');
  await expect(readHypotheses(path)).rejects.toThrow(`${path}: the utterances cannot be read`);
});

test('ten thousand utterances leave the event loop free', async () => {
  const words = ['open', 'close', 'the', 'red', 'blue', 'door', 'window', 'now', 'please', 'and'];
  const sentence = (seed: number): string =>
    Array.from({ length: 20 }, (_, i) => words[(seed * 7 + i * (1 + (seed % 3))) % words.length]).join(' ');
  const path = file(Array.from({ length: 10_000 }, (_, i) => utterance(`u${i}`, sentence(i), sentence(i + (i % 2)))));
  // What share of the time the loop is held at once: milliseconds would depend on what else the machine does.
  const shares: number[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    const began = performance.now();
    let [last, longest, reading] = [began, 0, true];
    const turn = (): void => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      if (reading) setImmediate(turn);
    };
    setImmediate(turn);
    expect(await readHypotheses(path)).toHaveLength(10_000);
    reading = false;
    turn();
    shares.push(longest / (performance.now() - began));
  }
  expect(Math.min(...shares)).toBeLessThan(0.3);
});
