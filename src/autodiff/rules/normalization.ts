/**
 * Gradients of normalizations. Layer, group and instance normalization standardize rows of numbers: x̂ = (x − mean)·r with
 * r = 1/√(var + ε). With h the gradient of x̂, dx = r·(h − mean(h) − x̂·mean(h·x̂)): the chain rule through mean and variance
 * (Ioffe and Szegedy, arXiv 1502.03167, section 3), solved for a row.
 */

import type { Value } from '../../onnx/builder.ts';
import { float, floatAttribute, int, intAttribute } from '../../onnx/graph.ts';
import { sizeOf } from '../../onnx/tensor.ts';
import type { Rule, RuleContext, RuleTable } from '../rule.ts';
import { dimOf, fromFront, input, mul, one, reshape, sumOver } from './common.ts';

/** y = x̂·scale + bias over the trailing axes: dscale = Σ g·x̂, dbias = Σ g over the rows, h = g·scale. */
const layerNorm: Rule = one((context, g, x) => {
  const { b, node, needs } = context;
  const axis = fromFront(intAttribute(node, 'axis', -1), x.dims.length);
  const normalized = x.dims.slice(axis);
  const [rows, size] = [sizeOf(x.dims.slice(0, axis)), sizeOf(normalized)];
  const gradient = reshape(b, g, [rows, size]);
  const { normal, inverse } = standardized(context, reshape(b, x, [rows, size]));
  const product = mul(b, gradient, normal);
  const dx = (): Value => {
    const scale = input(context, 1);
    const full = sizeOf(scale.dims) === size ? scale : b.op('Expand', [scale, b.ints(normalized)]);
    // The two means are products with scale/size, which need no pass over the rows to form h first.
    const weights = reshape(b, mul(b, full, 1 / size), [size, 1]);
    const mean = b.op('MatMul', [gradient, weights]);
    const share = b.op('MatMul', [product, weights]);
    const h = b.op('Sub', [mul(b, gradient, reshape(b, full, [size])), mean]);
    return reshape(b, mul(b, b.op('Sub', [h, mul(b, normal, share)]), inverse), x.dims);
  };
  return [
    needs(0) ? dx() : undefined,
    needs(1) ? reshape(b, sumOver(b, product, [0]), normalized) : undefined,
    needs(2) ? reshape(b, sumOver(b, gradient, [0]), normalized) : undefined,
  ];
});

/** Rows [rows, size] standardized by one operator without scale and shift, and r of each row, [rows, 1]. */
function standardized({ b, node }: RuleContext, rows: Value): { readonly normal: Value; readonly inverse: Value } {
  const ones = b.op('Expand', [b.scalar(1), b.ints([dimOf(rows, 1)])]);
  const attributes = { axis: int(-1), epsilon: float(floatAttribute(node, 'epsilon', 1e-5)) };
  const [normal, , inverse] = b.ops('LayerNormalization', [rows, ones], 3, attributes);
  if (!normal || !inverse) throw new Error('LayerNormalization must give three outputs');
  return { normal, inverse };
}

/**
 * x [N, C, …] standardized over each of `groups` groups of channels, then scaled and shifted by channel (or by group, as
 * GroupNormalization had it before opset 21). Everything but four passes works on sums by channel: with a, d, m the products of r
 * with scale, mean(h·x̂) and mean(h), dx = g·a − (x̂·d + m).
 */
function byChannel(groupsOf: (context: RuleContext, channels: number) => number): Rule {
  return one((context, g, x) => {
    const { b, needs } = context;
    const [n, channels] = [dimOf(x, 0), dimOf(x, 1)];
    const groups = groupsOf(context, channels);
    const width = channels / groups;
    const length = sizeOf(x.dims.slice(2));
    const size = width * length;
    const { normal: rows, inverse } = standardized(context, reshape(b, x, [n * groups, size]));
    const gradient = reshape(b, g, [n, channels, length]);
    const normal = reshape(b, rows, [n, channels, length]);
    // Per channel: the sums of g·x̂ and of g, [N, groups, width].
    const products = reshape(b, sumOver(b, mul(b, gradient, normal), [2]), [n, groups, width]);
    const sums = reshape(b, sumOver(b, gradient, [2]), [n, groups, width]);
    const scale = input(context, 1);
    const perGroup = sizeOf(scale.dims) === groups;
    const scales = reshape(b, scale, [1, groups, perGroup ? 1 : width]);
    const dx = (): Value => {
      const r = reshape(b, inverse, [n, groups, 1]);
      const spread = (value: Value): Value =>
        reshape(b, b.op('Expand', [value, b.ints([n, groups, width])]), [n, channels, 1]);
      const meanOf = (value: Value): Value =>
        mul(b, b.op('ReduceSum', [mul(b, value, scales), b.ints([2])], { keepdims: int(1) }), 1 / size);
      const [a, d, m] = [scales, meanOf(products), meanOf(sums)].map((value) => spread(mul(b, value, r)));
      if (!a || !d || !m) return g;
      return reshape(b, b.op('Sub', [mul(b, gradient, a), b.op('Add', [mul(b, normal, d), m])]), x.dims);
    };
    const total = (value: Value): Value => reshape(b, sumOver(b, value, perGroup ? [0, 2] : [0]), scale.dims);
    return [needs(0) ? dx() : undefined, needs(1) ? total(products) : undefined, needs(2) ? total(sums) : undefined];
  });
}

/** y = (x − mean)·r·scale + bias with given mean and variance, channel by channel: every gradient is a sum over the channel. */
const batchNorm: Rule = one((context, g, x) => {
  const { b, node, needs } = context;
  const byAxis = (value: Value): Value =>
    reshape(
      b,
      value,
      x.dims.map((dim, i) => (i === 1 ? dim : 1)),
    );
  const total = (value: Value): Value =>
    sumOver(
      b,
      value,
      x.dims.flatMap((_, i) => (i === 1 ? [] : [i])),
    );
  const [scale, mean] = [input(context, 1), input(context, 3)];
  const variance = b.op('Add', [input(context, 4), b.scalar(floatAttribute(node, 'epsilon', 1e-5))]);
  const r = b.op('Reciprocal', [b.op('Sqrt', [variance])]);
  const slope = mul(b, scale, r);
  const sum = needs(2) || needs(3) ? total(g) : undefined;
  const centred = needs(1) || needs(4) ? total(mul(b, g, b.op('Sub', [x, byAxis(mean)]))) : undefined;
  return [
    needs(0) ? mul(b, g, byAxis(slope)) : undefined,
    centred && needs(1) ? mul(b, centred, r) : undefined,
    sum,
    sum && needs(3) ? b.op('Neg', [mul(b, sum, slope)]) : undefined,
    // dr/dvar = −r³/2
    centred && needs(4) ? mul(b, b.op('Div', [mul(b, centred, slope), variance]), -0.5) : undefined,
  ];
});

export const normalization: RuleTable = {
  LayerNormalization: {
    rule: layerNorm,
    unsupported: ({ gives }) =>
      gives(1) || gives(2) ? 'LayerNormalization has no gradient rule for its mean and inverse deviation' : undefined,
  },
  InstanceNormalization: byChannel((_context, channels) => channels),
  GroupNormalization: byChannel(({ node }) => intAttribute(node, 'num_groups', 1)),
  BatchNormalization: {
    rule: batchNorm,
    unsupported: ({ node }) =>
      intAttribute(node, 'training_mode', 0) === 0
        ? undefined
        : 'BatchNormalization is supported in inference mode only',
  },
};
