import { expect, test } from 'vitest';
import { countNonZero } from '../../../src/onnx/file/count.ts';
import { float32, int64, type Tensor } from '../../../src/onnx/graph/tensor.ts';

test('zeros of every kind: minus zero is one, NaN and the smallest number are not', () => {
  const half = (bits: number[], type: 'float16' | 'bfloat16'): Tensor => ({
    type,
    dims: [bits.length],
    data: Uint16Array.from(bits),
  });
  expect(countNonZero(float32([0, -0, 1, NaN, 1e-45]))).toBe(3);
  expect(countNonZero(half([0, 0x8000, 0x3c00, 1], 'float16'))).toBe(2);
  expect(countNonZero(half([0x8000, 0x8001], 'bfloat16'))).toBe(1);
  expect(countNonZero(int64([0, -1, 5]))).toBe(2);
});
