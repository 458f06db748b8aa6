/** Diffs of models: each layer's numbers, what only one model has, operators, and speech. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeModel } from '../../../src/onnx/file/encode.ts';
import { int, ints, type Model } from '../../../src/onnx/graph/graph.ts';
import { float32, type Tensor } from '../../../src/onnx/graph/tensor.ts';
import { diffModels } from '../../../src/measure/diff/diff.ts';
import type { ModelDiff } from '../../../src/protocol/results/diff.ts';
import { describeDiff } from '../../../src/measure/diff/diffReport.ts';
import { diffSpeech } from '../../../src/measure/diff/diffSpeech.ts';
import { diffTensors } from '../../../src/measure/diff/diffTensors.ts';
import type { Measured } from '../../../src/measure/evaluate/keptEvaluation.ts';
import { toyModel, writeToyModel } from '../../train/toy.ts';

let folder = '';
const at = (...parts: string[]): string => join(folder, ...parts);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-diff-'));
  writeToyModel(at('model'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('tensors', () => {
  const row = (...values: number[]): Tensor => float32(values);

  test.each<[string, Tensor, Tensor, { changed: number; overlap: number }]>([
    ['the same', row(1, 0, -2), row(1, 0, -2), { changed: 0, overlap: 1 }],
    ['one of three weights', row(1, 0, 2), row(1, 0, 3), { changed: 1 / 3, overlap: 1 }],
    ['masks that share one weight of three', row(1, 2, 0, 0), row(0, 2, 3, 0), { changed: 0.5, overlap: 1 / 3 }],
    ['masks that share none', row(1, 0), row(0, 1), { changed: 1, overlap: 0 }],
    ['zeros of both signs', row(0, -0), row(-0, 0), { changed: 0, overlap: 1 }],
    ['what is no number, twice', row(NaN, 1), row(NaN, 1), { changed: 0, overlap: 1 }],
    ['what is no number, once', row(NaN, 1), row(2, 1), { changed: 0.5, overlap: 1 }],
    ['nothing', row(), row(), { changed: 0, overlap: 1 }],
    [
      'other types',
      row(1, 0, -2),
      { type: 'float16', dims: [3], data: Uint16Array.from([0x3c00, 0x8000, 0xc000]) },
      { changed: 0, overlap: 1 },
    ],
  ])('%s', (_, a, b, expected) => expect(diffTensors(a, b, false)).toEqual(expected));

  test('a matrix stored the other way round is the same matrix, whatever its size', () => {
    for (const [rows, columns] of [
      [2, 3],
      [3, 3],
      [70, 130],
    ] as const) {
      const a = float32(
        Array.from({ length: rows * columns }, (_, i) => i),
        [rows, columns],
      );
      const b = float32(
        Array.from({ length: rows * columns }, (_, i) => (i % rows) * columns + Math.floor(i / rows)),
        [columns, rows],
      );
      expect(diffTensors(a, b, true)).toEqual({ changed: 0, overlap: 1 });
      if (rows === columns) expect(diffTensors(a, b, false)?.changed).toBeGreaterThan(0);
      else expect(diffTensors(a, b, false)).toBeUndefined();
    }
  });
});

/** The toy with some of its tensors and nodes replaced. */
function changed(tensors: Readonly<Record<string, Tensor>>, nodes?: (made: Model) => Model['graph']['nodes']): Model {
  const made = toyModel();
  const initializers = new Map([...made.graph.initializers, ...Object.entries(tensors)]);
  return { ...made, graph: { ...made.graph, initializers, nodes: nodes?.(made) ?? made.graph.nodes } };
}

function tensor(name: string): Tensor {
  const found = toyModel().graph.initializers.get(name);
  if (!found) throw new Error(name);
  return found;
}

const layer = ({ layers }: ModelDiff, name: string) => layers.find((entry) => entry.name === name);

describe('models', () => {
  test('one with itself: nothing differs', async () => {
    const diff = await diffModels(at('model'), at('model', 'model.onnx'), {});
    expect(diff.a).toEqual(diff.b);
    expect(diff.layers.map(({ name }) => name)).toEqual([
      'feature_extractor.conv',
      'encoder.layers.0.dense',
      'encoder.layers.1.dense',
      'lm_head',
    ]);
    expect(diff.vectors).toHaveLength(2);
    for (const { a, b, changed, overlap } of [...diff.layers, ...diff.vectors]) {
      expect(a).toEqual(b);
      expect({ changed, overlap }).toEqual({ changed: 0, overlap: 1 });
    }
    expect(diff.operators).toEqual([]);
    expect(diff.recognition).toBeNull();
    expect(describeDiff(diff)).toMatch(/2 vectors \(biases, norms\); none of them differ\./u);
  });

  test('pruned: sparsity, weights changed and overlap are those of the tensors', async () => {
    const weights = Array.from(tensor('dense1').data, Number);
    // A quarter is cut and another eighth moved.
    const pruned = weights.map((weight, i) => (i % 4 === 0 ? 0 : i % 8 === 1 ? weight + 1 : weight));
    writeToyModel(at('pruned'), changed({ dense1: float32(pruned, [32, 32]) }));
    const diff = await diffModels(at('model'), at('pruned'), {});
    expect(layer(diff, 'encoder.layers.1.dense')).toEqual({
      name: 'encoder.layers.1.dense',
      gated: true,
      a: { shape: [32, 32], type: 'float32', parameters: 1024, zeros: 0, sparsity: 0, threshold: null },
      b: { shape: [32, 32], type: 'float32', parameters: 1024, zeros: 256, sparsity: 0.25, threshold: null },
      changed: 3 / 8,
      overlap: 0.75,
    });
    expect(layer(diff, 'encoder.layers.0.dense')).toMatchObject({ changed: 0, overlap: 1 });
    expect(diff.a.nonZeroParameters - diff.b.nonZeroParameters).toBe(256);
    expect(diff.b.gated.sparsity).toBeCloseTo(256 / 1536);
    expect(describeDiff(diff)).toMatch(
      /^encoder\.layers\.1\.dense +32 x 32 +float32 +0\.00 % +25\.00 % +- +- +37\.50 % +75\.00 %$/mu,
    );
  });

  test('a smaller matrix, a layer that is gone and operators that are not the same are told', async () => {
    writeToyModel(
      at('small'),
      changed(
        {
          dense0: float32(new Float32Array(16 * 24).fill(1), [16, 24]),
          bias0: float32(new Float32Array(24)),
          dense1: float32(new Float32Array(24 * 32).fill(1), [24, 32]),
        },
        ({ graph }) => [
          ...graph.nodes.map((node) => (node.opType === 'Tanh' ? { ...node, opType: 'Relu' } : node)),
          { opType: 'Relu', domain: 'com.example', name: 'extra', inputs: ['logits'], outputs: ['x'], attributes: {} },
        ],
      ),
    );
    const diff = await diffModels(at('model'), at('small'), {});
    expect(layer(diff, 'encoder.layers.0.dense')).toMatchObject({
      a: { shape: [16, 32] },
      b: { shape: [16, 24] },
      changed: null,
      overlap: null,
    });
    expect(diff.operators).toEqual([
      { operator: 'com.example.Relu', a: 0, b: 1 },
      { operator: 'Relu', a: 0, b: 2 },
      { operator: 'Tanh', a: 2, b: 0 },
    ]);
    const text = describeDiff(diff);
    expect(text).toMatch(/^encoder\.layers\.0\.dense +16 x 32 \/ 16 x 24/mu);
    expect(text).toMatch(/^Tanh +2 +0$/mu);
  });

  test('a layer that only one of them has is told, in whichever it is', async () => {
    const renamed = changed({}, ({ graph }) =>
      graph.nodes.map((node) => ({ ...node, name: node.name.replace('lm_head', 'classifier') })),
    );
    writeToyModel(at('renamed'), renamed);
    const diff = await diffModels(at('model'), at('renamed'), {});
    expect(layer(diff, 'lm_head')).toMatchObject({ a: { parameters: 160 }, b: null, changed: null, overlap: null });
    expect(layer(diff, 'classifier')).toMatchObject({ a: null, b: { parameters: 160 }, changed: null, overlap: null });
    expect(describeDiff(diff)).toMatch(/^classifier +32 x 5, only in B/mu);
  });

  test('exports that store a matrix the other way round, under other prefixes, are the same model', async () => {
    const [inputs, outputs] = [32, 32];
    const { data } = tensor('dense1');
    const turned = Array.from({ length: inputs * outputs }, (_, i) =>
      Number(data[(i % inputs) * outputs + Math.floor(i / inputs)]),
    );
    const model = changed({ dense1: float32(turned, [outputs, inputs]) }, ({ graph }) =>
      graph.nodes
        .flatMap((node) =>
          node.outputs[0] === 'product1'
            ? [
                {
                  ...node,
                  opType: 'Transpose',
                  name: '/toy/encoder/layers.1/dense/Transpose',
                  inputs: ['dense1'],
                  outputs: ['turned1'],
                  attributes: { perm: ints([1, 0]) },
                },
                { ...node, inputs: [node.inputs[0] ?? '', 'turned1'] },
              ]
            : [node],
        )
        .map((node) => ({ ...node, name: node.name.replace('/toy/', '/other/') })),
    );
    writeToyModel(at('turned'), model);
    const diff = await diffModels(at('model'), at('turned'), {});
    expect(layer(diff, 'encoder.layers.1.dense')).toMatchObject({ changed: 0, overlap: 1 });
    expect([...diff.layers, ...diff.vectors].every(({ a, b }) => a !== null && b !== null)).toBe(true);
  });

  test('models that share no layer are refused', async () => {
    const value = (name: string) => ({ name, type: 'float32' as const, dims: [2, 2] });
    const node = { opType: 'MatMul', domain: '', name: '/one/MatMul', inputs: ['x', 'w'], outputs: ['y'] };
    mkdirSync(at('foreign'));
    writeFileSync(
      at('foreign', 'model.onnx'),
      encodeModel({
        graph: {
          name: 'foreign',
          nodes: [{ ...node, attributes: { unused: int(1) } }],
          inputs: [value('x')],
          outputs: [value('y')],
          initializers: new Map([['w', float32([1, 2, 3, 4], [2, 2])]]),
        },
        opsets: new Map([['', 17]]),
      }),
    );
    await expect(diffModels(at('model'), at('foreign'), {})).rejects.toThrow(/have no layer in common/u);
  });
});

describe('on speech', () => {
  function measured(hypotheses: readonly (readonly [string, string, number])[]): Measured {
    return {
      wer: 0.5,
      cer: 0.25,
      errors: 2,
      words: 4,
      utterances: hypotheses.length,
      hypotheses: hypotheses.map(([id, hypothesis, errors]) => ({
        id,
        audio: `/speech/${id}.wav`,
        reference: 'one two',
        hypothesis,
        errors,
        seconds: 1,
      })),
    };
  }

  test('utterances that changed, the largest change first, and worse before better', () => {
    const a = measured([
      ['p', 'one two', 0],
      ['q', 'one', 1],
      ['r', 'four', 2],
      ['s', 'one x', 1],
    ]);
    const b = measured([
      ['p', 'one', 1],
      ['q', 'one two', 0],
      ['r', 'one two', 0],
      ['s', 'two', 1],
    ]);
    const { changed, fewer, more } = diffSpeech('data.jsonl', a, b);
    expect(changed.map(({ id, a, b }) => [id, a.errors, b.errors])).toEqual([
      ['r', 2, 0],
      ['p', 0, 1],
      ['q', 1, 0],
    ]);
    expect(changed[0]).toEqual({
      id: 'r',
      audio: '/speech/r.wav',
      reference: 'one two',
      a: { text: 'four', errors: 2 },
      b: { text: 'one two', errors: 0 },
    });
    expect({ fewer, more }).toEqual({ fewer: 2, more: 1 });
  });

  test('the verdict is about B', () => {
    const words = Array.from({ length: 60 }, (_, i) => `${i}`);
    const good = measured(words.map((id) => [id, 'one two', 0]));
    const bad = measured(words.map((id, i) => [id, i % 3 === 0 ? 'one two' : i % 3 === 1 ? 'one' : '', i % 3]));
    expect(diffSpeech('data.jsonl', good, bad)).toMatchObject({ verdict: 'worse' });
    expect(diffSpeech('data.jsonl', bad, good)).toMatchObject({ verdict: 'better' });
  });
});
