/** What is computed while building beside what onnxruntime computes: integers exactly, floats to their rounding. */

import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../src/onnx/folding/evaluate.ts';
import { arithmetic } from '../../../src/onnx/folding/arithmetic.ts';
import { casts } from '../../../src/onnx/folding/cast.ts';
import { indexing } from '../../../src/onnx/folding/indexing.ts';
import { movement } from '../../../src/onnx/folding/movement.ts';
import { reduction } from '../../../src/onnx/folding/reduction.ts';
import { inferTypes } from '../../../src/onnx/infer/infer.ts';
import { float32, int64, toNumbers, type Tensor } from '../../../src/onnx/graph/tensor.ts';
import { operatorCases, type OperatorCase } from '../operatorCases.ts';
import { nodeOf, operandsOf, runInOnnxruntime } from '../runOperator.ts';

const computed = [
  ...Object.keys({ ...arithmetic, ...casts, ...movement, ...indexing, ...reduction }),
  'Shape',
  'Size',
  'Split',
];

/** Left to onnxruntime on purpose. */
const left = new Set(['Pad: reflect', 'ScatterND: added']);

const cases = operatorCases.filter(
  ({ opType, title }) => computed.includes(opType) && !left.has(`${opType}: ${title}`),
);

describe('evaluate computes what onnxruntime computes', () => {
  test.each(cases.map((tested) => [tested.opType, tested.title, tested] as const))('%s: %s', async (_, __, tested) => {
    const { results, types } = evaluated(tested);
    const expected = await runInOnnxruntime(tested, types);
    expect(results).toBeDefined();
    results?.forEach((result, i) => {
      expect(result.type).toBe(expected[i]?.type);
      expect(result.dims).toEqual(Array.from(expected[i]?.dims ?? []));
      expectEqual(result, expected[i]!);
    });
  });
});

test('every operator that is computed has a case', () => {
  expect(computed.filter((opType) => !cases.some((tested) => tested.opType === opType))).toEqual([]);
});

describe('evaluate leaves to onnxruntime', () => {
  const float16: Tensor = { type: 'float16', dims: [1], data: Uint16Array.of(0x3c00) };
  const untouched: readonly (readonly [string, string, readonly Tensor[]])[] = [
    ['Div', 'an integer divided by zero', [int64([1]), int64([0])]],
    ['Add', 'half precision', [float16, float16]],
    ['Gather', 'an index out of range', [int64([1, 2]), int64([2])]],
    ['ReduceMax', 'a reduction of nothing', [float32([], [0])]],
    ['MatMul', 'a matrix product', [float32([1, 2], [1, 2]), float32([1, 2], [2, 1])]],
  ];
  test.each(untouched)('%s: %s', (opType, title, inputs) => {
    expect(evaluated({ opType, title, inputs, attributes: {}, known: [], outputs: 1 }).results).toBeUndefined();
  });

  test('a float beyond the integer it is cast to', () => {
    const attributes = { to: { type: 'int', value: 6 } } as const;
    const tested = { opType: 'Cast', title: '', inputs: [float32([3e9])], attributes, known: [], outputs: 1 };
    expect(evaluated(tested).results).toBeUndefined();
  });

  test('a node with an input that is not known', () => {
    const tested = cases.find(({ opType }) => opType === 'Add')!;
    const operands = operandsOf(tested, (i) => i === 0);
    const types = inferTypes(nodeOf(tested), operands);
    expect(evaluate(nodeOf(tested), operands, types)).toBeUndefined();
  });
});

test('evaluate knows the shape of a value without its elements', () => {
  const tested = {
    opType: 'Shape',
    title: '',
    inputs: [float32([1, 2, 3], [1, 3])],
    attributes: {},
    known: [],
    outputs: 1,
  };
  const operands = operandsOf(tested, () => false);
  const [shape] = evaluate(nodeOf(tested), operands, inferTypes(nodeOf(tested), operands)) ?? [];
  expect(toNumbers(shape!)).toEqual([1, 3]);
});

function evaluated(tested: OperatorCase) {
  const node = nodeOf(tested);
  const operands = operandsOf(tested, () => true);
  const types = inferTypes(node, operands).slice(0, tested.outputs);
  return { types, results: evaluate(node, operands, types) };
}

function expectEqual(actual: Tensor, expected: Tensor): void {
  if (actual.type !== 'float32') {
    expect(Array.from(actual.data as ArrayLike<number | bigint>)).toEqual(
      Array.from(expected.data as ArrayLike<number | bigint>),
    );
    return;
  }
  const reference = toNumbers(expected);
  toNumbers(actual).forEach((value, i) => {
    const wanted = reference[i] ?? Number.NaN;
    if (Number.isFinite(wanted))
      expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(wanted)));
    else expect(value).toBe(wanted);
  });
}
