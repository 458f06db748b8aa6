/** Gradients of pooling over windows of [N, C, …]. */

import { float32, sizeOf } from '../../onnx/graph/tensor.ts';
import { intAttribute, intsAttribute, string, type Node } from '../../onnx/graph/graph.ts';
import type { GradientRule, RuleTable } from '../rule.ts';
import { toInput } from './convolution.ts';
import { mul, one, reshape, unary, zeros } from './common.ts';
import { windowOf, type Window } from './window.ts';

/** Each element gets g/count from every window that contains it: a transposed convolution with ones, channel by channel. */
const averagePool: GradientRule = one(({ b, node }, g, x, y) => {
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  const [wide, narrow] = [x.dims.slice(2), y.dims.slice(2)];
  const window = windowOf(node, kernel, wide, narrow);
  const shares = b.constant(
    float32(
      Float32Array.from(countsOf(node, window, wide, narrow), (n) => 1 / n),
      narrow,
    ),
  );
  const rows = sizeOf(x.dims.slice(0, 2));
  const ones = b.op('Expand', [b.scalar(1), b.ints([1, 1, ...kernel])]);
  const gradient = reshape(b, mul(b, g, shares), [rows, 1, ...narrow]);
  return [reshape(b, toInput(b, gradient, ones, window), x.dims)];
});

/** The number of elements that each window averages: padding counts only with `count_include_pad`, and elements beyond it never count. */
function countsOf(node: Node, window: Window, wide: readonly number[], narrow: readonly number[]): number[] {
  const padding = intAttribute(node, 'count_include_pad', 0) !== 0;
  const given = intsAttribute(node, 'pads');
  const counts = narrow.map((places, axis) => {
    const begin = window.begins[axis] ?? 0;
    const end = given?.[axis + narrow.length] ?? Math.max(window.ends[axis] ?? 0, 0);
    const [first, last] = padding ? [-begin, (wide[axis] ?? 1) + end] : [0, wide[axis] ?? 1];
    return Array.from({ length: places }, (_, place) => {
      const start = place * (window.strides[axis] ?? 1) - begin;
      const taps = Array.from(
        { length: window.kernel[axis] ?? 1 },
        (_, k) => start + k * (window.dilations[axis] ?? 1),
      );
      return taps.filter((at) => at >= first && at < last).length;
    });
  });
  return counts.reduce((all, axis) => all.flatMap((n) => axis.map((m) => n * m)), [1]);
}

/** The gradient goes to the element that each window chose; the operator can return its position in x. */
const maxPool: GradientRule = one((context, g, x) => {
  const { b, node } = context;
  const chosen = context.outputs[1] ?? b.ops('MaxPool', [x], 2, node.attributes)[1];
  if (!chosen) return [];
  const size = sizeOf(x.dims);
  const places = reshape(b, chosen, [sizeOf(g.dims)]);
  const sums = b.op('ScatterElements', [zeros(b, [size]), places, reshape(b, g, [sizeOf(g.dims)])], {
    axis: { type: 'int', value: 0 },
    reduction: string('add'),
  });
  return [reshape(b, sums, x.dims)];
});

export const pooling: RuleTable = {
  AveragePool: averagePool,
  MaxPool: {
    rule: maxPool,
    unsupported: ({ node }) =>
      intAttribute(node, 'storage_order', 0) === 0 ? undefined : 'MaxPool has no gradient rule for storage_order 1',
  },
  GlobalAveragePool: unary((b, g, x) => mul(b, g, sizeOf(g.dims) / sizeOf(x.dims))),
};
