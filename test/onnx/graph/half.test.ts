/** Numbers of 16 bits against onnxruntime's own casts. */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { encodeModel } from '../../../src/onnx/file/encode.ts';
import { int } from '../../../src/onnx/graph/graph.ts';
import { Random } from '../../../src/base/random.ts';
import { fromHalf, toHalf } from '../../../src/onnx/graph/half.ts';

const numbers = { float32: 1, float16: 10 } as const;

async function cast(data: Float32Array | Uint16Array, from: 'float32' | 'float16', to: 'float32' | 'float16') {
  const dims = [data.length];
  const session = await InferenceSession.create(
    encodeModel({
      graph: {
        name: 'cast',
        nodes: [
          {
            opType: 'Cast',
            domain: '',
            name: 'c',
            inputs: ['x'],
            outputs: ['y'],
            attributes: { to: int(numbers[to]) },
          },
        ],
        inputs: [{ name: 'x', type: from, dims }],
        outputs: [{ name: 'y', type: to, dims }],
        initializers: new Map(),
      },
      opsets: new Map([['', 18]]),
    }),
  );
  const { y } = await session.run({ x: new Tensor(from, data as never, dims) });
  const found = y!.data as Float32Array | Uint16Array;
  return to === 'float16' ? new Uint16Array(found.buffer, found.byteOffset, found.length) : found;
}

test('all 65536 of them become the numbers that they are', async () => {
  const halves = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits);
  expect(fromHalf(halves)).toEqual(await cast(halves, 'float16', 'float32'));
});

test('numbers of all sizes, and those halfway between two, are rounded as onnxruntime does', async () => {
  const random = Random.seeded(3);
  const sizes = Array.from({ length: 20_000 }, () => random.normal() * 2 ** (random.below(45) - 28));
  const exact = fromHalf(Uint16Array.from({ length: 0x7bff }, (_, bits) => bits));
  const halfway = Array.from(exact.subarray(1), (value, i) => (value + (exact[i] ?? 0)) / 2);
  const edges = [
    65504,
    65519.996,
    65520,
    65536,
    1e9,
    -1e9,
    Infinity,
    -Infinity,
    0,
    -0,
    2 ** -25,
    2 ** -26,
    -(2 ** -24),
  ];
  const values = Float32Array.from([...sizes, ...halfway, ...edges]);
  expect(toHalf(values)).toEqual(await cast(values, 'float32', 'float16'));
});
