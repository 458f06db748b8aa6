/** The bundled sample: complete, small, readable with its own model's processor, and with no sentence in two parts. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { decodeAudio } from '../../src/speech/audio/decode.ts';
import { readManifest } from '../../src/speech/manifest/read.ts';
import { readProcessor } from '../../src/speech/text/processor.ts';
import { TextSteps } from '../../src/speech/text/steps/textSteps.ts';
import { autoSteps } from '../../src/protocol/textSteps.ts';

const sample = fileURLToPath(new URL('../../media/sample', import.meta.url));
const manifests = ['train', 'dev', 'test'].map((part) => join(sample, `${part}.jsonl`));

test('every clip is there, as long as its manifest says, and its text can be spelled', async () => {
  const { vocabulary, sampleRate } = await readProcessor(join(sample, 'model'));
  const all = (await Promise.all(manifests.map((manifest) => readManifest(manifest)))).flat();
  expect(all).toHaveLength((await readdir(join(sample, 'clips'))).length);
  for (const { audio, text, duration } of all) {
    const samples = await decodeAudio(await readFile(audio), { sampleRate, name: audio });
    expect(samples.length / sampleRate).toBeCloseTo(duration ?? NaN, 3);
    expect(vocabulary.spell(new TextSteps(autoSteps, vocabulary).apply(text)).missing).toEqual([]);
  }
});

test('no sentence is in two parts, and there are enough for a verdict on the test', async () => {
  const parts = await Promise.all(
    manifests.map(async (manifest) => (await readManifest(manifest)).map(({ text }) => text)),
  );
  const distinct = parts.map((texts) => new Set(texts));
  expect(new Set(parts.flat()).size).toBe(distinct.reduce((sum, texts) => sum + texts.size, 0));
  expect(parts[2]?.length).toBeGreaterThanOrEqual(30);
});

test('it takes less than 8 MB', async () => {
  const entries = await readdir(sample, { recursive: true });
  const sizes = await Promise.all(entries.map(async (entry) => (await stat(join(sample, entry))).size));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8e6);
});
