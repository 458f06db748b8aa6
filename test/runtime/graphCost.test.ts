/** Reckoned cost: operations by hand-counted products, memory by what is alive at once. */

import { describe, expect, test } from 'vitest';
import { Builder } from '../../src/onnx/graph/builder.ts';
import { ints, string } from '../../src/onnx/graph/graph.ts';
import { graphCost } from '../../src/runtime/graphCost.ts';

describe('graphCost', () => {
  test('counts two operations for each product of a matrix product, batched ones too', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', [3, 4, 5]);
    b.output(b.op('MatMul', [x, b.input('w', 'float32', [5, 7])]), 'y');
    expect(graphCost(b).operations).toBe(2 * 3 * 4 * 5 * 7);
  });

  test('counts the products of an Einsum, summed axes and an ellipsis among them', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', [2, 3, 4, 5]);
    const y = b.op('Einsum', [x, b.input('w', 'float32', [1, 3, 6, 5])], { equation: string('...id,...jd->...ij') });
    b.output(y, 'y');
    expect(y.dims).toEqual([2, 3, 4, 6]);
    expect(graphCost(b).operations).toBe(2 * 2 * 3 * 4 * 6 * 5);
  });

  test('counts convolutions with strides and groups', () => {
    const b = new Builder();
    const x = b.input('x', 'float32', [2, 4, 100]);
    const w = b.input('w', 'float32', [6, 2, 10]);
    const attributes = { strides: ints([5]), kernel_shape: ints([10]), group: { type: 'int' as const, value: 2 } };
    const y = b.op('Conv', [x, w], attributes);
    b.output(y, 'y');
    expect(y.dims).toEqual([2, 6, 19]);
    expect(graphCost(b).operations).toBe(2 * (2 * 6 * 19) * (2 * 10));
  });

  test('a chain holds two values at a time, a value needed later is held until then', () => {
    const bytes = 4 * 1000;
    const chain = new Builder();
    const x = chain.input('x', 'float32', [1000]);
    const end = ['Exp', 'Tanh', 'Exp', 'Tanh'].reduce((value, op) => chain.op(op, [value]), x);
    chain.output(end);
    expect(graphCost(chain).bytes).toBe(2 * bytes);

    const kept = new Builder();
    const first = kept.op('Exp', [kept.input('x', 'float32', [1000])]);
    const later = ['Tanh', 'Exp', 'Tanh'].reduce((value, op) => kept.op(op, [value]), first);
    kept.output(kept.op('Add', [first, later]));
    expect(graphCost(kept).bytes).toBe(3 * bytes);
  });
});
