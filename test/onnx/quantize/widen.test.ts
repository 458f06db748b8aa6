/** Models of 16-bit floats as float32 models: inputs, outputs, weights and conversions are widened, and compute the same. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, expect, test } from 'vitest';
import { encodeModel } from '../../../src/onnx/file/encode.ts';
import { int, type Model } from '../../../src/onnx/graph/graph.ts';
import { fromHalf, toHalf } from '../../../src/onnx/graph/half.ts';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { widenModel } from '../../../src/onnx/quantize/widen.ts';
import { Random } from '../../../src/base/random.ts';

const folder = mkdtempSync(join(tmpdir(), 'pinch-test-widen-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const random = Random.seeded(3);
const weights = toHalf(Float32Array.from({ length: 12 }, () => random.normal()));

/** y = Cast(x · w), the product in 16 bits. */
const halves: Model = {
  graph: {
    name: 'halves',
    nodes: [
      { opType: 'MatMul', domain: '', name: 'product', inputs: ['x', 'w'], outputs: ['p'], attributes: {} },
      { opType: 'Cast', domain: '', name: 'cast', inputs: ['p'], outputs: ['h'], attributes: { to: int(10) } },
    ],
    inputs: [{ name: 'x', type: 'float16', dims: [2, 4] }],
    outputs: [{ name: 'h', type: 'float16', dims: [2, 3] }],
    initializers: new Map([['w', { type: 'float16', dims: [4, 3], data: weights }]]),
  },
  opsets: new Map([['', 18]]),
};

test('weights, inputs, outputs and casts are float32, and the result is the product of the same numbers', async () => {
  const path = join(folder, 'halves.onnx');
  writeFileSync(path, encodeModel(halves));
  const { file, widened } = widenModel(await loadModel(path));
  expect([...widened]).toEqual(['w']);
  const { inputs, outputs, initializers } = file.model.graph;
  expect([...inputs, ...outputs].map(({ type }) => type)).toEqual(['float32', 'float32']);
  const w = fromHalf(weights);
  expect(initializers.get('w')).toMatchObject({ type: 'float32', data: w });

  const x = Float32Array.from({ length: 8 }, () => random.normal());
  const session = await InferenceSession.create(encodeModel(file.model));
  const { h } = await session.run({ x: new Tensor('float32', x, [2, 4]) });
  const expected = Array.from({ length: 6 }, (_, i) =>
    [0, 1, 2, 3].reduce((sum, k) => sum + (x[4 * Math.floor(i / 3) + k] ?? 0) * (w[3 * k + (i % 3)] ?? 0), 0),
  );
  Array.from(h!.data as Float32Array).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
});

test('a float32 model is left as it is', async () => {
  const path = join(folder, 'plain.onnx');
  const w = { type: 'float32' as const, dims: [4, 3], data: fromHalf(weights) };
  const plain: Model = {
    ...halves,
    graph: {
      ...halves.graph,
      nodes: halves.graph.nodes.slice(0, 1),
      inputs: [{ name: 'x', type: 'float32', dims: [2, 4] }],
      outputs: [{ name: 'p', type: 'float32', dims: [2, 3] }],
      initializers: new Map([['w', w]]),
    },
  };
  writeFileSync(path, encodeModel(plain));
  const loaded = await loadModel(path);
  expect(widenModel(loaded)).toEqual({ file: loaded, widened: new Set() });
});
