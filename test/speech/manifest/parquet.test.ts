/** Hugging Face data sets as parquet: fixtures/speech.parquet is pyarrow's, with five recordings of 0.1 s of a constant 100, 200 … 500. */

import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Random } from '../../../src/base/random.ts';
import { audioSeconds } from '../../../src/speech/audio/length.ts';
import { loadAudio } from '../../../src/speech/audio/load.ts';
import { AudioError } from '../../../src/speech/audio/error.ts';
import { readManifest } from '../../../src/speech/manifest/read.ts';
import { ManifestError } from '../../../src/speech/manifest/utterance.ts';
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

test('500 changed files are read, or refused with a sentence', async () => {
  const folder = await folderWith({});
  const random = Random.seeded(14);
  let refused = 0;
  for (let i = 0; i < 500; i++) {
    const path = join(folder, `${i % 4}.parquet`);
    const broken = Buffer.from(bytes);
    // Nearly all of the file is sound; what describes it stands at the end.
    const described = broken.readUInt32LE(broken.length - 8) + 8;
    for (let n = random.below(4); n >= 0; n--) {
      const at = random.below(3) === 0 ? random.below(broken.length) : broken.length - 1 - random.below(described);
      broken[at] = random.below(256);
    }
    await writeFile(path, i % 10 === 0 ? broken.subarray(0, random.below(broken.length)) : broken);
    try {
      for (const { audio } of await readManifest(path)) await loadAudio({ audio }, format);
    } catch (error) {
      if (!(error instanceof ManifestError || error instanceof AudioError)) throw error;
      expect(error.message.startsWith(folder)).toBe(true);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(50);
}, 60_000);
