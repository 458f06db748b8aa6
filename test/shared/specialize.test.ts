/** Specialized graphs of real exports, run by onnxruntime beside the originals. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { Builder } from '../../src/onnx/graph/builder.ts';
import { encodeModel } from '../../src/onnx/file/encode.ts';
import { checkLengths } from '../../src/onnx/model/lengths.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { trainingOpset } from '../../src/onnx/opset/opset.ts';
import { exposeParameters } from '../../src/onnx/model/parameters.ts';
import { specialize } from '../../src/onnx/passes/specialize.ts';
import type { TensorData } from '../../src/onnx/graph/tensor.ts';

const shared = process.env['PINCH_SHARED'] ?? join(import.meta.dirname, '../../../shared');

const exports = ['reference/w2v2-tiny', 'models/w2v2-digits'].flatMap((model) =>
  ['model.onnx', 'model.legacy.onnx'].map((file) => ({ model, file, path: join(shared, model, file) })),
);

const shapes = [1, 3].flatMap((batch) => [3200, 16000, 40123].map((samples) => ({ batch, samples })));

/** What is left of a wav2vec2: no shape arithmetic, no GELU or layer norm in pieces, no guard behind a softmax. */
const operators = [
  'Add',
  'Conv',
  'Gelu',
  'InstanceNormalization',
  'LayerNormalization',
  'MatMul',
  'Mul',
  'Reshape',
  'Softmax',
  'Transpose',
];

describe.skipIf(!existsSync(shared))('specialize', () => {
  test.each(exports)('$model/$file gives the original logits for every batch size and length', async ({ path }) => {
    const original = await ort.InferenceSession.create(path);
    const { file, parameters } = exposeParameters(await loadModel(path));
    for (const { batch, samples } of shapes) {
      const b = new Builder();
      const audio = b.input('input_values', 'float32', [batch, samples]);
      const feeds: Record<string, ort.Tensor> = { input_values: noise(batch, samples) };
      const weights = parameters.map(({ initializer, dims }) => {
        const tensor = file.model.graph.initializers.get(initializer)!;
        feeds[`weight/${initializer}`] = tensorOf(tensor.type, tensor.data, dims);
        return [initializer, b.input(`weight/${initializer}`, tensor.type, dims)] as const;
      });
      const inputs = { input_values: audio };
      const outputs = specialize(file.model, b, { inputs, parameters: new Map(weights), outputs: ['logits'] });
      b.output(outputs.get('logits')!);
      const graph = b.graph('specialized');
      expect([...new Set(graph.nodes.map(({ opType }) => opType))].sort()).toEqual(operators);
      const session = await ort.InferenceSession.create(encodeModel({ graph, opsets: new Map([['', trainingOpset]]) }));
      const actual = Object.values(await session.run(feeds))[0]!;
      const expected = (await original.run({ input_values: feeds['input_values']! }))['logits']!;
      await session.release();
      expect(actual.dims).toEqual(expected.dims);
      expect(distance(actual.data as Float32Array, expected.data as Float32Array)).toBeLessThan(1e-5);
    }
    await original.release();
  });

  test.each(exports)('$model/$file takes any batch size and length', async ({ path }) => {
    const { model } = await loadModel(path);
    expect(() => checkLengths(model, path, { audio: 'input_values', logits: 'logits' }, 16000)).not.toThrow();
  });
});

function noise(batch: number, samples: number): ort.Tensor {
  let state = 1;
  const data = Float32Array.from({ length: batch * samples }, () => {
    state = (state * 48271) % 2147483647;
    return (state / 2147483647) * 2 - 1;
  });
  return new ort.Tensor('float32', data, [batch, samples]);
}

function tensorOf(type: string, data: TensorData, dims: readonly number[]): ort.Tensor {
  // onnxruntime's constructor is overloaded by type, which a union of types cannot choose from.
  const Tensor = ort.Tensor as unknown as new (type: string, data: TensorData, dims: readonly number[]) => ort.Tensor;
  return new Tensor(type, data, dims);
}

/** The largest difference, as a share of the largest value. */
function distance(actual: Float32Array, expected: Float32Array): number {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? Number.NaN))), 0) / scale;
}
