/** Hugging Face data sets as parquet: fixtures/speech.parquet is pyarrow's, with five recordings of 0.1 s of a constant 100, 200 … 500. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { audioSeconds } from '../../../src/speech/audio/length.ts';
import { loadAudio } from '../../../src/speech/audio/load.ts';
import { readManifest } from '../../../src/speech/manifest/read.ts';
import { fixtures, folderWith } from '../files.ts';

const bytes = readFileSync(new URL('speech.parquet', fixtures));
const format = { sampleRate: 16_000, normalise: false };

test('texts and recordings of a file', async () => {
  const folder = await folderWith({ 'a.parquet': bytes });
  const utterances = await readManifest(join(folder, 'a.parquet'));
  expect(utterances.map(({ id, text }) => [id, text])).toEqual([0, 1, 2, 3, 4].map((i) => [`${i}`, `text ${i}`]));
  for (const i of [4, 0, 3, 1, 2]) {
    const audio = utterances[i]?.audio ?? '';
    expect(await audioSeconds(audio)).toBe(0.1);
    const samples = await loadAudio({ audio }, format);
    expect([samples.length, (samples[7] ?? 0) * 32768]).toEqual([1600, 100 * (i + 1)]);
    const part = await loadAudio({ audio, offset: 0.05 }, format);
    expect([part.length, (part[0] ?? 0) * 32768]).toEqual([800, 100 * (i + 1)]);
  }
  const beyond = loadAudio({ audio: join(folder, 'a.parquet#5') }, format);
  await expect(beyond).rejects.toThrow(/a\.parquet#5: it has no row 5/);
});

test('the files of a split', async () => {
  const names = ['train-00000-of-00002', 'train-00001-of-00002', 'test-00000-of-00001'];
  const folder = await folderWith(Object.fromEntries(names.map((name) => [`${name}.parquet`, bytes])));
  await expect(readManifest(folder)).rejects.toThrow(
    /several splits; name test-\*\.parquet or train-\*\.parquet in it/,
  );
  const ids = (await readManifest(join(folder, 'train-*.parquet'))).map(({ id }) => id);
  expect(ids).toHaveLength(10);
  expect(ids[5]).toBe('train-00001-of-00002.parquet#0');
  await expect(readManifest(join(folder, 'dev-*.parquet'))).rejects.toThrow(/no utterances/);
});

test('a downloaded data set has its files in data/', async () => {
  const folder = await folderWith({ 'README.md': 'a card', 'data/train-00000-of-00001.parquet': bytes });
  expect(await readManifest(folder)).toHaveLength(5);
});
