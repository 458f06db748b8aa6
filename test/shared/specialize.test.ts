/** Specialized graphs of real exports, run by onnxruntime beside the originals. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { Builder } from '../../src/onnx/builder.ts';
import { encodeModel } from '../../src/onnx/encode.ts';
import { loadModel } from '../../src/onnx/load.ts';
import { trainingOpset } from '../../src/onnx/opset.ts';
import { specialize } from '../../src/onnx/specialize.ts';

const shared = process.env['PINCH_SHARED'] ?? join(import.meta.dirname, '../../../shared');

const exports = ['reference/w2v2-tiny', 'models/w2v2-digits'].flatMap((model) =>
  ['model.onnx', 'model.legacy.onnx'].map((file) => ({ model, file, path: join(shared, model, file) })),
);

const shapes = [1, 3].flatMap((batch) => [3200, 16000, 40123].map((samples) => ({ batch, samples })));

describe.skipIf(!existsSync(shared))('specialize', () => {
  test.each(exports)('$model/$file gives the original logits for every batch size and length', async ({ path }) => {
    const file = await loadModel(path);
    const original = await ort.InferenceSession.create(path);
    for (const { batch, samples } of shapes) {
      const b = new Builder();
      const audio = b.input('input_values', 'float32', [batch, samples]);
      const parameters = new Map();
      const outputs = specialize(file.model, b, { inputs: { input_values: audio }, parameters, outputs: ['logits'] });
      b.output(outputs.get('logits')!, 'logits');
      const graph = b.graph('specialized');
      const session = await ort.InferenceSession.create(encodeModel({ graph, opsets: new Map([['', trainingOpset]]) }));
      const feeds = { input_values: noise(batch, samples) };
      const expected = (await original.run(feeds))['logits']!;
      const actual = (await session.run(feeds))['logits']!;
      expect(actual.dims).toEqual(expected.dims);
      expect(distance(actual.data as Float32Array, expected.data as Float32Array)).toBeLessThan(1e-4);
    }
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

/** The largest difference. */
function distance(actual: Float32Array, expected: Float32Array): number {
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? Number.NaN))), 0);
}
