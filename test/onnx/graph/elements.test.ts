/** Elements of every type as ordinary numbers. */

import { expect, test } from 'vitest';
import { elementsOf } from '../../../src/onnx/graph/elements.ts';

test('float16: normal, subnormal, zeros of both signs, infinities, not a number', () => {
  const bits = Uint16Array.from([
    0x3c00, 0xc000, 0x3555, 0x0001, 0x03ff, 0x7bff, 0x0000, 0x8000, 0x7c00, 0xfc00, 0x7e00,
  ]);
  const values = [1, -2, 0.333251953125, 2 ** -24, 1023 * 2 ** -24, 65504, 0, -0, Infinity, -Infinity, NaN];
  expect([...elementsOf({ type: 'float16', dims: [11], data: bits })]).toEqual(values);
});

test('bfloat16 is the upper half of a float32', () => {
  const bits = Uint16Array.from([0x3f80, 0xbf80, 0x4049, 0x0000]);
  expect([...elementsOf({ type: 'bfloat16', dims: [4], data: bits })]).toEqual([1, -1, 3.140625, 0]);
});

test('64-bit integers become numbers, and float32 stays the array it is', () => {
  expect([...elementsOf({ type: 'int64', dims: [2], data: BigInt64Array.from([-5n, 7n]) })]).toEqual([-5, 7]);
  const data = Float32Array.from([1, 2]);
  expect(elementsOf({ type: 'float32', dims: [2], data })).toBe(data);
});
