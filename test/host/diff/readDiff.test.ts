/** What `pinch diff` prints is what the page gets, and nothing else is taken for it. */

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDiff } from '../../../src/host/diff/readDiff.ts';
import { diffModels } from '../../../src/measure/diff/diff.ts';
import type { ModelDiff } from '../../../src/protocol/results/diff.ts';

const sample = 'media/sample';
let folder = '';
let diff: ModelDiff;

beforeAll(async () => {
  // A copy, so that no evaluation beside the sample is used.
  folder = mkdtempSync(join(tmpdir(), 'pinch-diff-'));
  for (const name of ['model.onnx', 'vocab.json', 'config.json', 'preprocessor_config.json', 'tokenizer_config.json']) {
    copyFileSync(join(sample, 'model', name), join(folder, name));
  }
  diff = await diffModels(folder, folder, { data: join(sample, 'dev.jsonl') });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As it comes out of the child process. */
const printed = (): Record<string, unknown> => JSON.parse(JSON.stringify(diff)) as Record<string, unknown>;

test('a model and itself: no layer changed, and nothing to tell apart', async () => {
  const { a, b, layers, vectors, operators, recognition } = await readDiff(printed(), basename);
  expect(a).toEqual(b);
  expect(a.parameters).toBe(diff.a.parameters);
  expect(a.gated.sparsity).toBe(0);
  expect(layers.length).toBeGreaterThan(20);
  for (const layer of layers) expect(layer).toMatchObject({ changed: 0, overlap: 1 });
  expect(vectors.differ).toBe(0);
  expect(operators).toEqual([]);
  expect(recognition).toMatchObject({
    data: 'dev.jsonl',
    fewer: 0,
    more: 0,
    changed: [],
    verdict: diff.recognition?.verdict,
  });
  expect(recognition?.a).toEqual(recognition?.b);
});

test('utterances that changed are aligned in both', async () => {
  const changed = [
    {
      id: 'u',
      audio: '/u.wav',
      reference: 'open the door',
      a: { text: 'open the door', errors: 0 },
      b: { text: 'open door', errors: 1 },
    },
  ];
  const output = { ...printed(), recognition: { ...diff.recognition, changed, more: 1 } };
  const { recognition } = await readDiff(output, basename);
  expect(recognition?.changed).toEqual([
    {
      id: 'u',
      a: { reference: 'open the door', hypothesis: 'open the door', edits: 'CCC', errors: 0 },
      b: { reference: 'open the door', hypothesis: 'open door', edits: 'CDC', errors: 1 },
    },
  ]);
});

test('without speech there is no recognition', async () => {
  expect((await readDiff({ ...printed(), recognition: null }, basename)).recognition).toBeNull();
});

test.each([
  ['no object', () => 'x', 'it'],
  ['no totals', () => ({ ...printed(), a: undefined }), 'a'],
  ['a share over 1', () => ({ ...printed(), layers: [{ ...diff.layers[0], changed: 2 }] }), 'layers.0.changed'],
])('%s is refused', async (_, output, place) => {
  await expect(readDiff(output(), basename)).rejects.toThrow(`"${place}" is wrong`);
});
