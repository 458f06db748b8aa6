/** Manifests as toolkits write them, recognised with a real model: the words are those that the same audio gives from a plain list. */

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { measureFile } from '../../src/host/data/measureManifest.ts';
import { evaluate } from '../../src/measure/evaluate/evaluate.ts';
import { readManifest } from '../../src/speech/manifest/read.ts';

const shared = resolve(process.env['PINCH_SHARED'] ?? '../shared');
const model = join(shared, 'models/w2v2-digits');
const cases = join(shared, 'cases');

/** What the model writes for these whole files, in their order. */
async function heardIn(files: readonly string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pinch-manifests-'));
  try {
    const list = join(folder, 'list.jsonl');
    await writeFile(list, files.map((path) => `${JSON.stringify({ path, text: 'x' })}\n`).join(''));
    const { hypotheses } = await evaluate(model, list);
    return hypotheses.map(({ hypothesis }) => hypothesis);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('one utterance in the form of', () => {
  let heard: string[];
  beforeAll(async () => {
    heard = await heardIn([join(cases, 'audio/clip.flac')]);
  }, 120_000);

  test.each([
    'manifests/fairseq/train.tsv',
    'manifests/fairseq',
    'manifests/lhotse-cuts.jsonl',
    'manifests/speechbrain.csv',
    'manifests/speechbrain.json',
    'manifests/wenet.list',
    'manifests/lj/metadata.csv',
    'manifests/semicolon.csv',
    'manifests/punctuation.jsonl',
  ])('%s', async (name) => {
    const { hypotheses, skipped } = await evaluate(model, join(cases, name));
    expect(skipped).toEqual([]);
    expect(hypotheses.map(({ hypothesis }) => hypothesis)).toEqual(heard);
    expect(hypotheses.map(({ reference }) => reference.toLowerCase())).toEqual(['two eight one three four']);
  });
});

test.each([
  'fairseq/train.tsv',
  'lhotse-cuts.jsonl',
  'speechbrain.csv',
  'speechbrain.json',
  'wenet.list',
  'lj/metadata.csv',
  'semicolon.csv',
  'punctuation.jsonl',
])('the editor offers %s', async (name) => {
  const found = await measureFile(join(cases, 'manifests', name));
  expect(await readManifest(found?.path ?? '')).toHaveLength(1);
});

test("sentences with the punctuation of Common Voice: errors are the model's own, and both forms are there", async () => {
  const evaluation = await evaluate(model, join(cases, 'cv-punctuation/test.tsv'));
  expect([evaluation.errors, evaluation.words, evaluation.unwritable]).toEqual([1, 17, undefined]);
  expect(evaluation.texts?.changes.map(({ step, texts, characters }) => [step, texts, characters])).toEqual([
    ['case', 4, 66],
    ['punctuation', 4, 5],
  ]);
  expect(evaluation.hypotheses.map(({ written }) => written)[3]).toBe('Nine, four seven zero.');
  const before = await evaluate(model, join(cases, 'cv-punctuation/test.tsv'), { text: ['unicode', 'case'] });
  expect(before.errors).toBe(6);
});

test.each(['kaldi-channel', 'nemo-duration-cuts/test.jsonl'])('%s: one error in eight words', async (name) => {
  const { errors, words, wer, skipped } = await evaluate(model, join(cases, name));
  expect({ errors, words, wer, skipped }).toEqual({ errors: 1, words: 8, wer: 0.125, skipped: [] });
});

test('a LibriSpeech tree with other files beside the audio', async () => {
  const tree = join(cases, 'libri-beside-lab/tree');
  const chapter = join(tree, '84/121123');
  const files = (await readdir(chapter)).filter((name) => name.endsWith('.flac')).sort();
  const { hypotheses, words, skipped } = await evaluate(model, tree);
  expect({ words, skipped }).toEqual({ words: 13, skipped: [] });
  expect(hypotheses.map(({ hypothesis }) => hypothesis)).toEqual(
    await heardIn(files.map((name) => join(chapter, name))),
  );
});
