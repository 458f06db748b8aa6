import { expect, test } from 'vitest';
import { countNonZero, countParameters } from '../../../src/onnx/file/count.ts';
import type { Parameter } from '../../../src/onnx/model/parameters.ts';
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

test('per layer and over all', () => {
  const parameter = (initializer: string, layer: string): Parameter => ({
    initializer,
    name: initializer,
    layer,
    role: 'weight',
    opType: 'MatMul',
    transposed: true,
    dims: [],
  });
  const initializers = new Map([
    ['w', float32([1, 0, 2, 0], [2, 2])],
    ['b', float32([0, 3])],
    ['v', float32([4])],
    ['no parameter', float32([9, 9])],
  ]);
  const graph = { name: 'g', nodes: [], inputs: [], outputs: [], initializers };
  const parameters = [parameter('w', 'one'), parameter('b', 'one'), parameter('v', 'two')];
  const { layers, total } = countParameters({ graph, opsets: new Map() }, parameters);
  expect([...layers]).toEqual([
    ['one', { parameters: 6, nonZero: 3, bytes: 24 }],
    ['two', { parameters: 1, nonZero: 1, bytes: 4 }],
  ]);
  expect(total).toEqual({ parameters: 7, nonZero: 4, bytes: 28 });
});
