/** Types and shapes of every operator beside onnxruntime's, and what is said where inputs do not fit. */

import { describe, expect, test } from 'vitest';
import { inferTypes, knownOperators } from '../../../src/onnx/infer/infer.ts';
import { int, ints, type Attributes } from '../../../src/onnx/graph/graph.ts';
import { float32, int64, type Tensor } from '../../../src/onnx/graph/tensor.ts';
import { operatorCases } from '../operatorCases.ts';
import { nodeOf, operandsOf, runInOnnxruntime } from '../runOperator.ts';

describe('inferTypes gives the types and shapes that onnxruntime gives', () => {
  test.each(operatorCases.map((tested) => [tested.opType, tested.title, tested] as const))(
    '%s: %s',
    async (_, __, tested) => {
      const types = inferTypes(
        nodeOf(tested),
        operandsOf(tested, (i) => tested.known.includes(i)),
      );
      const results = await runInOnnxruntime(tested, types);
      const shapes = types.slice(0, tested.outputs).map(({ type, dims }) => ({ type, dims }));
      expect(shapes).toEqual(results.map(({ type, dims }) => ({ type, dims: Array.from(dims) })));
    },
  );
});

test('every operator whose shape is known has a case', () => {
  const tested = new Set(operatorCases.map(({ opType }) => opType));
  expect([...knownOperators].filter((opType) => !tested.has(opType))).toEqual([]);
});

describe('inferTypes says which node does not fit and why', () => {
  const cases: readonly (readonly [string, string, readonly Tensor[], Attributes, RegExp])[] = [
    [
      'MatMul',
      'inner dimensions differ',
      [floats(2, 3), floats(4, 5)],
      {},
      /MatMul "tested" with inputs float32\[2,3\] float32\[4,5\]/,
    ],
    ['Add', 'shapes do not broadcast', [floats(2, 3), floats(2)], {}, /do not broadcast/],
    ['Add', 'element types differ', [floats(2), int64([1, 2])], {}, /element types differ/],
    ['Conv', 'channels differ', [floats(1, 3, 8), floats(4, 2, 3)], {}, /filter does not fit/],
    ['Conv', 'input too short', [floats(1, 3, 2), floats(4, 3, 3)], {}, /shorter than the window/],
    ['Reshape', 'elements do not fit', [floats(2, 3), int64([4, -1])], {}, /do not fit the shape \[4,-1\]/],
    ['Transpose', 'perm is not a permutation', [floats(2, 3)], { perm: ints([0, 0]) }, /perm \[0,0\]/],
    ['Softmax', 'axis out of range', [floats(2, 3)], { axis: int(2) }, /axis 2 is out of range/],
    ['Concat', 'other axes differ', [floats(2, 3), floats(3, 3)], { axis: int(1) }, /differ beside the axis/],
    ['Cast', 'unknown element type', [floats(2)], { to: int(8) }, /element type 8 is not supported/],
    ['Frobnicate', 'unknown operator', [floats(2)], {}, /operator Frobnicate are not known/],
  ];
  test.each(cases)('%s: %s', (opType, title, inputs, attributes, message) => {
    const tested = { opType, title, inputs, attributes, known: [], outputs: 1 };
    expect(() =>
      inferTypes(
        nodeOf(tested),
        operandsOf(tested, () => true),
      ),
    ).toThrow(message);
  });

  test('Reshape: a shape that depends on data', () => {
    const tested = {
      opType: 'Reshape',
      title: '',
      inputs: [floats(2), int64([2])],
      attributes: {},
      known: [],
      outputs: 1,
    };
    expect(() =>
      inferTypes(
        nodeOf(tested),
        operandsOf(tested, () => false),
      ),
    ).toThrow(/input 1 depends on data/);
  });
});

function floats(...dims: readonly number[]): Tensor {
  return float32(new Float32Array(dims.reduce((product, dim) => product * dim, 1)), dims);
}
