/** One recording as telephony, the LDC and Apple have it, and files that other programs wrote: read, with the transcript of the plain file. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { evaluate } from '../../src/measure/evaluate/evaluate.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const cases = join(shared, 'cases');
const folder = mkdtempSync(join(tmpdir(), 'pinch-recordings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the transcripts of all forms are those of the FLAC file', async () => {
  const names = ['clip.flac', 'ulaw.wav', 'clip.sph', 'clip.aiff', 'clip.m4a'];
  const manifest = join(folder, 'clips.jsonl');
  const text = 'two eight one three four';
  const lines = names.map((name) => JSON.stringify({ audio_filepath: join(cases, 'audio', name), text }));
  writeFileSync(manifest, lines.join('\n'));
  const { hypotheses, skipped } = await evaluate(join(shared, 'models/w2v2-digits'), manifest);
  expect(skipped).toEqual([]);
  expect(hypotheses).toHaveLength(names.length);
  expect(new Set(hypotheses.map(({ hypothesis }) => hypothesis)).size).toBe(1);
  // One of the five words is the model's own mistake.
  expect(hypotheses.map(({ errors }) => errors)).toEqual(names.map(() => 1));
});

test.each(['wav-from-sox-pipe', 'flac-with-id3'])('%s', async (name) => {
  const { hypotheses, skipped } = await evaluate(join(shared, 'models/w2v2-digits'), join(cases, name, 'test.jsonl'));
  expect(skipped).toEqual([]);
  expect(hypotheses).toHaveLength(4);
  const plain = join(folder, `${name}.jsonl`);
  // The same recordings without what the case is about.
  const lines = readFileSync(join(cases, name, 'test.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const clips = lines.map((line, i) => {
    const audio = join(shared, `data/digits/test/george-000${i}.flac`);
    return JSON.stringify({ ...(JSON.parse(line) as object), audio_filepath: audio });
  });
  writeFileSync(plain, clips.join('\n'));
  const other = await evaluate(join(shared, 'models/w2v2-digits'), plain);
  expect(hypotheses.map(({ hypothesis }) => hypothesis)).toEqual(other.hypotheses.map(({ hypothesis }) => hypothesis));
});
