/** Evaluations kept beside a model: what stands in them, and when they no longer hold. */

import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { keptFolder, readKept } from '../../../src/measure/evaluate/keptEvaluation.ts';
import { pinch, readJson, toyModel, writeToyModel, writeToySpeech } from '../../train/toy.ts';

let folder = '';
const at = (...parts: string[]): string => join(folder, ...parts);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-kept-'));
  writeToyModel(at('model'));
  writeToyModel(at('other'), toyModel(7));
  writeToySpeech(at('speech'), 6);
  const flags = ['--data', 'speech/manifest.jsonl', '--against', 'other/model.onnx', '--keep', '--json'];
  expect((await pinch(['evaluate', 'model', ...flags], folder).ended).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = async (model: string) => readKept(await loadModel(at(model)), at('speech', 'manifest.jsonl'));
const kept = (model: string): string => at(model, 'model.evaluations', 'manifest');

/** A copy of the folder's model with its evaluation, all as old as the originals. */
function copy(name: string): string {
  cpSync(at('model'), at(name), { recursive: true, preserveTimestamps: true });
  return join(at(name), 'model.onnx');
}

test('the folder is named after the model and the manifest', () => {
  expect(keptFolder('/a/model.onnx', '/data/test.clean.tsv')).toBe('/a/model.evaluations/test.clean');
  expect(keptFolder('/a/b.int8.onnx', '/data/test-clean/')).toBe('/a/b.int8.evaluations/test-clean');
});

test('they say what was measured, when, and on what', async () => {
  const evaluation = readJson(join(kept('model'), 'evaluation.json'));
  const { size, mtime } = await stat(at('model', 'model.onnx'));
  expect(evaluation).toMatchObject({
    modelFile: { path: at('model', 'model.onnx'), bytes: size, modified: mtime.toISOString() },
    data: at('speech', 'manifest.jsonl'),
    utterances: 6,
    bytes: size,
  });
  expect(Date.parse(evaluation['time'] as string)).toBeGreaterThanOrEqual(mtime.getTime());
  expect(evaluation).not.toHaveProperty('comparison');
  const lines = readFileSync(join(kept('model'), 'hypotheses.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  const [first] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toHaveLength(6);
  expect(first).toMatchObject({ audio_filepath: at('speech', '0.wav'), duration: expect.any(Number) as number });
});

test('each model of a comparison has its own', async () => {
  const [one, other] = [await read('model'), await read('other')];
  expect(one).toMatchObject({ utterances: 6 });
  expect(other).toMatchObject({ utterances: 6 });
  expect(one?.hypotheses).toHaveLength(6);
  expect(other?.hypotheses).not.toEqual(one?.hypotheses);
});

test('a copied model keeps its evaluation, whatever the times of its files', async () => {
  const model = copy('copied');
  utimesSync(model, new Date(), new Date());
  expect(await read('copied')).toEqual(await read('model'));
});

test('another model of the same size does not', async () => {
  const model = copy('trained');
  cpSync(at('other', 'model.onnx'), model);
  expect(await read('trained')).toBeUndefined();
});

test.each<[string, (name: string) => void]>([
  ['is damaged', (name) => writeFileSync(join(kept(name), 'evaluation.json'), '{"wer": ')],
  ['lacks its numbers', (name) => rmSync(join(kept(name), 'evaluation.json'))],
  ['lacks an utterance', (name) => writeFileSync(join(kept(name), 'hypotheses.jsonl'), '{}\n')],
])('one that %s is no evaluation', async (what, change) => {
  const name = what.replaceAll(' ', '-');
  copy(name);
  expect(await read(name)).toBeDefined();
  change(name);
  expect(await read(name)).toBeUndefined();
});

// The last test: it changes what all others read.
test('one of a manifest that has changed no longer holds', async () => {
  appendFileSync(at('speech', 'manifest.jsonl'), '{"audio_filepath":"0.wav","text":"a","duration":1}\n');
  expect(await read('model')).toBeUndefined();
});
