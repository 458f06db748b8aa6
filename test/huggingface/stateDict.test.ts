/** State dicts against the names and shapes that transformers has, and what is made of tensors that pruning left smaller. */

import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { importModel } from '../../src/huggingface/importModel.ts';
import { families } from '../../src/huggingface/families/families.ts';
import { completeStateDict } from '../../src/huggingface/stateDict/completeStateDict.ts';
import { expectedTensors } from '../../src/huggingface/stateDict/expectedTensors.ts';
import { configFor } from '../../src/huggingface/stateDict/statedConfig.ts';
import type { StoredTensor } from '../../src/huggingface/stateDict/storedTensors.ts';
import { writeCheckpoint as writeAgain } from '../../src/huggingface/stateDict/writeCheckpoint.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { readSafetensors } from '../../src/onnx/safetensors/safetensors.ts';
import { caseOf, familyCases, tensorsOf, writeCheckpoint, type FamilyCase } from './writtenCheckpoint.ts';

const title = ({ config }: FamilyCase, i: number): string => `${config.architectures[0]}, case ${i + 1}`;
/** The fixtures list what is learned, in floats. */
const isListed = (name: string): boolean => !/num_batches_tracked|inv_freq$/u.test(name);
const familyOf = ({ config }: FamilyCase) => families.find(({ forCTC }) => forCTC === config.architectures[0])!;

test.each(familyCases.map((one, i) => [title(one, i), one] as const))(
  '%s: the tensors that transformers lists',
  (_, one) => {
    const family = familyOf(one);
    const expected = expectedTensors(family, v.parse(family.schema, one.config), one.config);
    const floats = [...expected].filter(([name]) => isListed(name));
    const shapes = Object.fromEntries(floats.map(([name, { dims }]) => [name, dims]));
    expect(shapes).toEqual(one.tensors);
  },
);

test.each(familyCases.map((one, i) => [title(one, i), one] as const))(
  '%s: an imported checkpoint is written as it was',
  async (_, one) => {
    const tensors = tensorsOf(one);
    const folder = await writeCheckpoint(one, tensors);
    try {
      const { model } = await importModel(folder, join(folder, 'onnx'));
      const { weights, padded, absent, changed } = await writeAgain(
        await loadModel(model),
        join(folder, 'again'),
        new Set(),
      );
      expect({ padded, absent, changed }).toEqual({ padded: [], absent: [], changed: [] });
      const again = await readSafetensors(weights);
      expect(again.metadata).toEqual({ format: 'pt' });
      const family = familyOf(one);
      const expected = expectedTensors(family, v.parse(family.schema, one.config), one.config);
      for (const [name, { isRead }] of expected) {
        if (!isListed(name)) continue;
        expect(again.tensors.get(name)?.dims, name).toEqual(one.tensors[name]);
        // The vector of hidden frames is in no graph, and stays with the model all the same.
        if (isRead || name.endsWith('masked_spec_embed'))
          expect(again.tensors.get(name)?.data, name).toEqual(tensors.get(name)?.data);
      }
      expect([...again.tensors.keys()].filter(isListed).sort()).toEqual(Object.keys(one.tensors).sort());
      const config = JSON.parse(await readFile(join(folder, 'again', 'config.json'), 'utf8')) as object;
      expect(config).toMatchObject({ ...one.config, dtype: 'float32' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

const stored = (dims: readonly number[], fill = 1): StoredTensor => ({
  dims,
  make: () => new Float32Array(dims.reduce((size, dim) => size * dim, 1)).fill(fill),
});

test('a smaller tensor stands in the corner of one of zeros', () => {
  const expected = new Map([['a.weight', { dims: [3, 2, 2], isRead: true }]]);
  const { tensors, padded } = completeStateDict(expected, new Map([['a.weight', stored([2, 2, 1])]]), new Set());
  expect(padded).toEqual(['a.weight']);
  expect([...(tensors.get('a.weight')?.make() as Float32Array)]).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
});

describe('values that an attention lost', () => {
  const dims: Readonly<Record<string, number[]>> = {
    'q_proj.weight': [4, 1],
    'v_proj.weight': [4, 1],
    'out_proj.weight': [1, 4],
  };
  const expected = new Map(Object.entries(dims).map(([name, each]) => [`a.${name}`, { dims: each, isRead: true }]));
  const complete = (queries: number): number[][] => {
    const left = { 'a.q_proj.weight': [queries, 1], 'a.v_proj.weight': [2, 1], 'a.out_proj.weight': [1, 2] };
    const all = new Map(Object.entries(left).map(([name, each]) => [name, stored(each)]));
    const { tensors } = completeStateDict(expected, all, new Set(), 2);
    return ['a.v_proj.weight', 'a.out_proj.weight'].map((name) => [...(tensors.get(name)?.make() as Float32Array)]);
  };

  test('are filled up in each head, where the queries are whole', () =>
    expect(complete(4)).toEqual([
      [1, 0, 1, 0],
      [1, 0, 1, 0],
    ]));

  test('and behind the heads that are left, where whole heads are gone', () =>
    expect(complete(2)).toEqual([
      [1, 1, 0, 0],
      [1, 1, 0, 0],
    ]));
});

test('a larger tensor, another number of axes, and one that is missing are refused', () => {
  const expected = new Map([['a.weight', { dims: [3, 2], isRead: true }]]);
  const complete = (tensors: [string, StoredTensor][], gone: string[] = []) =>
    completeStateDict(expected, new Map(tensors), new Set(gone));
  expect(() => complete([['a.weight', stored([4, 2])]])).toThrow('its "a.weight" has the shape [4, 2]');
  expect(() => complete([['a.weight', stored([3])]])).toThrow('its "a.weight" has the shape [3]');
  expect(() => complete([])).toThrow('it holds no "a.weight"');
  expect(complete([], ['a.weight']).absent).toEqual(['a.weight']);
});

test('a module around the model is left out of the names', () => {
  const expected = new Map([['a.weight', { dims: [2], isRead: true }]]);
  const { tensors } = completeStateDict(expected, new Map([['model.inner.a.weight', stored([2])]]), new Set());
  expect([...tensors.keys()]).toEqual(['a.weight']);
});

test('factors of a weight normalization come from the kernel that was left of them', () => {
  const factor = 'conv.parametrizations.weight.original';
  const expected = new Map([
    [`${factor}0`, { dims: [1, 1, 2], isRead: true }],
    [`${factor}1`, { dims: [2, 2, 2], isRead: true }],
  ]);
  const { tensors } = completeStateDict(expected, new Map([['conv.weight', stored([2, 2, 2], 3)]]), new Set());
  expect([...(tensors.get(`${factor}0`)?.make() as Float32Array)]).toEqual([6, 6]);
});

test('config.json gets the width of the widest feed-forward layer, and the number of symbols', () => {
  const { config, tensors } = caseOf('Wav2Vec2ForCTC');
  const width = Number(config['intermediate_size']);
  const narrower = Object.entries(tensors).map(([name, dims]): [string, StoredTensor] => {
    const less = name.includes('.layers.0.') ? 3 : 5;
    if (/intermediate_dense/u.test(name)) return [name, stored([width - less, ...dims.slice(1)])];
    return [name, stored(name.endsWith('output_dense.weight') ? [dims[0]!, width - less] : dims)];
  });
  expect(configFor(config, new Map(narrower)).stated['intermediate_size']).toBe(width - 3);
  expect(() => configFor({ ...config, model_type: 'whisper' }, new Map())).toThrow('its config.json says "whisper"');
});
