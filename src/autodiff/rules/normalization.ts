/**
 * Gradients of normalizations. Layer and instance normalization standardize rows of numbers: x̂ = (x − mean)·r with
 * r = 1/√(var + ε). With h the gradient of x̂, dx = r·(h − mean(h) − x̂·mean(h·x̂)): the chain rule through mean and variance
 * (Ioffe and Szegedy, arXiv 1502.03167, section 3), solved for a row.
 */

import type { Builder } from '../../onnx/graph/builder.ts';
import type { Value } from '../../onnx/graph/value.ts';
import { float, floatAttribute, int, intAttribute } from '../../onnx/graph/graph.ts';
import { sizeOf } from '../../onnx/graph/tensor.ts';
import type { GradientRule, RuleContext, RuleTable } from '../rule.ts';
import { dimOf, fromFront, input, mul, one, reshape, sumOver } from './common.ts';

/** y = x̂·scale + bias over the trailing axes: dscale = Σ g·x̂, dbias = Σ g over the rows, h = g·scale. */
const layerNorm: GradientRule = one((context, g, x) => {
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
    // The two means are products with scale/size, which saves the pass over the rows that would form h.
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
 * x [N, C, …] standardized over each channel of each sample, y = x̂·scale + bias by channel. All gradients follow from the channels' sums of g·x̂
 * and of g: with a = r·scale, dx = g·a − (x̂·(a·mean(g·x̂)) + a·mean(g)), four passes.
 */
const instanceNorm: GradientRule = one((context, g, x) => {
  const { b, needs } = context;
  const [n, channels] = [dimOf(x, 0), dimOf(x, 1)];
  const [rows, size] = [n * channels, sizeOf(x.dims.slice(2))];
  const gradient = reshape(b, g, [rows, size]);
  const { normal, inverse } = standardized(context, reshape(b, x, [rows, size]));
  const products = rowSums(b, mul(b, gradient, normal));
  const sums = rowSums(b, gradient);
  const dx = (): Value => {
    const slopes = mul(b, reshape(b, inverse, [n, channels]), input(context, 1));
    const a = reshape(b, slopes, [rows, 1]);
    const share = mul(b, mul(b, products, a), 1 / size);
    const mean = mul(b, mul(b, sums, a), 1 / size);
    const away = b.op('Add', [mul(b, normal, share), mean]);
    return reshape(b, b.op('Sub', [mul(b, gradient, a), away]), x.dims);
  };
  const overSamples = (value: Value): Value => sumOver(b, reshape(b, value, [n, channels]), [0]);
  return [
    needs(0) ? dx() : undefined,
    needs(1) ? overSamples(products) : undefined,
    needs(2) ? overSamples(sums) : undefined,
  ];
});

/** The sum of each row, [rows, 1]. */
function rowSums(b: Builder, value: Value): Value {
  return b.op('ReduceSum', [value, b.ints([1])], { keepdims: int(1) });
}

/** y = (x − mean)·r·scale + bias with given mean and variance, channel by channel: every gradient is a sum over the channel. */
const batchNorm: GradientRule = one((context, g, x) => {
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
  InstanceNormalization: instanceNorm,
  BatchNormalization: {
    rule: batchNorm,
    unsupported: ({ node }) =>
      intAttribute(node, 'training_mode', 0) === 0
        ? undefined
        : 'BatchNormalization is supported in inference mode only',
  },
};
