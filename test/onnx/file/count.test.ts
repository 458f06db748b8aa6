/** Counts of non-zero elements, by element type. */

import { expect, test } from 'vitest';
import { countNonZero } from '../../../src/onnx/file/count.ts';
import { float32, int64, type Tensor } from '../../../src/onnx/graph/tensor.ts';

test('minus zero is zero; NaN and the smallest number are not', () => {
  // From its bits: in a process that has run onnxruntime, 1e-45 would become 0 on its way into the array.
  const smallest = new Float32Array(Uint32Array.of(1).buffer);
  const half = (bits: number[], type: 'float16' | 'bfloat16'): Tensor => ({
    type,
    dims: [bits.length],
    data: Uint16Array.from(bits),
  });
  expect(countNonZero(float32(Float32Array.of(0, -0, 1, NaN)))).toBe(2);
  expect(countNonZero(float32(smallest))).toBe(1);
  expect(countNonZero(half([0, 0x8000, 0x3c00, 1], 'float16'))).toBe(2);
  expect(countNonZero(half([0x8000, 0x8001], 'bfloat16'))).toBe(1);
  expect(countNonZero(int64([0, -1, 5]))).toBe(2);
});
