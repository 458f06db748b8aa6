/** Speech from real data: manifests, vocabularies and samples of the shared digits and sentences. */

import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeAudio } from '../../src/speech/audio/decode.ts';
import { planBatches } from '../../src/speech/batches/batches.ts';
import { readManifest } from '../../src/speech/manifest/read.ts';
import { prepareUtterances } from '../../src/speech/batches/prepare.ts';
import { spellTexts } from '../../src/speech/text/steps/spellTexts.ts';
import { autoSteps } from '../../src/protocol/textSteps.ts';
import { framesOf, readProcessor } from '../../src/speech/text/processor.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');

describe.skipIf(!existsSync(shared))('shared data', () => {
  test('all digits are usable, and a batch plan wastes little', async () => {
    const processor = await readProcessor(join(shared, 'models/w2v2-digits'));
    const { vocabulary } = processor;
    const written = await readManifest(join(shared, 'data/digits/train.jsonl'));
    const { utterances, report } = await spellTexts(written, vocabulary, autoSteps);
    expect(report.changes.map(({ step, texts }) => [step, texts])).toEqual([['case', 720]]);
    const { ready, dropped } = await prepareUtterances(utterances, {
      sampleRate: processor.sampleRate,
      vocabulary,
      minSeconds: 0.1,
      maxSeconds: 20,
      frames: (samples) => framesOf(samples, processor.convolutions ?? []),
      seconds: ({ duration = NaN }) => duration,
    });
    expect(ready).toHaveLength(720);
    expect(dropped).toEqual([]);
    const plan = planBatches(ready, { seconds: 30, utterances: null, shuffle: true }, 0, processor.sampleRate);
    const speech = ready.reduce((sum, { samples }) => sum + samples, 0);
    const processed = plan.epoch(0).reduce((sum, { rows, samples }) => sum + rows * (samples ?? 0), 0);
    expect(speech / processed).toBeGreaterThan(0.8);
  });

  test('a Kaldi folder of sentences, every file as long as its frames', async () => {
    const utterances = await readManifest(join(shared, 'data/sentences'));
    expect(utterances.length).toBeGreaterThan(10);
    for (const { audio, text } of utterances.slice(0, 10)) {
      const samples = await decodeAudio(await readFile(audio), { sampleRate: 16_000, name: audio });
      expect(samples.length / 16_000).toBeGreaterThan(0.05 * text.length * 0.5);
    }
  });

  test('FLAC digits have whole 16-bit values over 32768, as soundfile gives them', async () => {
    const folder = join(shared, 'data/digits/test');
    for (const name of (await readdir(folder)).slice(0, 20)) {
      const samples = await decodeAudio(await readFile(join(folder, name)), { sampleRate: 16_000, name });
      expect(samples.every((sample) => Number.isInteger(sample * 32768))).toBe(true);
      expect(samples.some((sample) => Math.abs(sample) > 0.01)).toBe(true);
    }
  });
});
