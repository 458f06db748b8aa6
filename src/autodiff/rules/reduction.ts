/** Gradients of reductions. The gradient gets the rank of x by axes of one element, which broadcast. */

import type { Builder } from '../../onnx/graph/builder.ts';
import type { Value } from '../../onnx/graph/value.ts';
import { int, intAttribute } from '../../onnx/graph/graph.ts';
import { reducedAxes } from '../../onnx/infer/reduction.ts';
import { sizeOf } from '../../onnx/graph/tensor.ts';
import type { GradientRule, RuleTable } from '../rule.ts';
import { input, mul, one, reshape, where, zeros } from './common.ts';

/** A rule that receives g and y with the reduced axes kept as axes of one element, and those axes. */
function reduction(rule: (b: Builder, g: Value, x: Value, y: Value, axes: readonly number[]) => Value): GradientRule {
  return one((context, g, x, y) => {
    const axes = reducedAxes(context.node, context.inputs);
    const kept = x.dims.map((dim, i) => (axes.includes(i) ? 1 : dim));
    const { b } = context;
    return [rule(b, reshape(b, g, kept), x, reshape(b, y, kept), axes)];
  });
}

/** The gradient goes to the elements that attain the extremum, in equal parts. */
const extremum = reduction((b, g, x, y, axes) => {
  const mask = b.op('Cast', [b.op('Equal', [x, y])], { to: int(1) });
  const count = b.op('ReduceSum', [mask, b.ints(axes)], { keepdims: int(1) });
  return mul(b, mask, b.op('Div', [g, count]));
});

/**
 * d∏x: the product of the other elements. A zero element is replaced by 1 in the product, which is then the product of the others; it counts
 * only where no other element is 0.
 */
const product = reduction((b, g, x, _y, axes) => {
  const none = b.op('Equal', [x, b.scalar(0)]);
  const safe = b.op('Where', [none, b.scalar(1), x]);
  const others = b.op('Div', [b.op('ReduceProd', [safe, b.ints(axes)], { keepdims: int(1) }), safe]);
  const count = b.op('Cast', [none], { to: int(1) });
  const rest = b.op('Sub', [b.op('ReduceSum', [count, b.ints(axes)], { keepdims: int(1) }), count]);
  return where(b, b.op('Equal', [rest, b.scalar(0)]), mul(b, others, g));
});

/** The sum of the later elements' gradients: the cumulative sum in the other direction. */
const cumSum: GradientRule = one((context, g) => {
  const { b, node } = context;
  const reverse = int(1 - intAttribute(node, 'reverse', 0));
  return [b.op('CumSum', [g, input(context, 1)], { reverse, exclusive: int(intAttribute(node, 'exclusive', 0)) })];
});

/** The gradients of the values go back to their positions in the input. */
const topK: GradientRule = one(({ b, node, outputs }, g, x) => {
  const indices = outputs[1];
  if (!indices) return [];
  const axis = int(intAttribute(node, 'axis', -1));
  return [b.op('ScatterElements', [zeros(b, x.dims), indices, g], { axis })];
});

export const reductions: RuleTable = {
  ReduceSum: reduction((_b, g) => g),
  ReduceMean: reduction((b, g, x) => mul(b, g, sizeOf(g.dims) / sizeOf(x.dims))),
  ReduceMax: extremum,
  ReduceMin: extremum,
  ReduceProd: product,
  // d‖x‖ = g·x/‖x‖, and 0 where the norm is 0, as in PyTorch
  ReduceL2: reduction((b, g, x, y) => {
    const none = b.op('Equal', [y, b.scalar(0)]);
    return mul(b, x, b.op('Where', [none, b.scalar(0), b.op('Div', [g, b.op('Where', [none, b.scalar(1), y])])]));
  }),
  ReduceL1: reduction((b, g, x) => mul(b, b.op('Sign', [x]), g)),
  ReduceSumSquare: reduction((b, g, x) => mul(b, x, mul(b, g, 2))),
  ReduceLogSum: reduction((b, g, _x, y) => mul(b, g, b.op('Exp', [b.op('Neg', [y])]))),
  // softmax of x
  ReduceLogSumExp: reduction((b, g, x, y) => mul(b, b.op('Exp', [b.op('Sub', [x, y])]), g)),
  CumSum: cumSum,
  TopK: topK,
};
