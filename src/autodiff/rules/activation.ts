/** Gradients of activation functions. x is the input, y the output, g the output's gradient. */

import type { Builder } from '../../onnx/graph/builder.ts';
import type { Value } from '../../onnx/graph/value.ts';
import { float, floatAttribute, stringAttribute, type Node } from '../../onnx/graph/graph.ts';
import type { RuleTable } from '../rule.ts';
import { input, mul, one, unary, where } from './common.ts';

/** dx = g·2/√π·exp(−x²). */
function erf(b: Builder, g: Value, x: Value): Value {
  return mul(b, mul(b, g, 2 / Math.sqrt(Math.PI)), gaussian(b, x));
}

/** exp(−x²) */
function gaussian(b: Builder, x: Value): Value {
  return b.op('Exp', [b.op('Neg', [mul(b, x, x)])]);
}

/** dx = g·y·(1 − y), written as (g·y) − (g·y)·y to save a pass over a constant. */
function sigmoid(b: Builder, g: Value, _x: Value, y: Value): Value {
  const product = mul(b, g, y);
  return b.op('Sub', [product, mul(b, product, y)]);
}

/** dx = g·(1 − y²). */
function tanh(b: Builder, g: Value, _x: Value, y: Value): Value {
  return b.op('Sub', [g, mul(b, mul(b, g, y), y)]);
}

/** Gelu (Hendrycks and Gimpel, arXiv 1606.08415): x·Φ(x), or its tanh approximation. */
function gelu(b: Builder, g: Value, x: Value, _y: Value, node: Node): Value {
  return stringAttribute(node, 'approximate', 'none') === 'tanh' ? geluTanh(b, g, x) : geluExact(b, g, x);
}

/**
 * dx = g·(Φ(x) + x·φ(x)), with h = x/√2: Φ(x) = ½(1 + erf h), which HardSigmoid computes in one pass, and x·φ(x) = h·exp(−h²)/√π, whose
 * factor is moved into the exponent.
 */
function geluExact(b: Builder, g: Value, x: Value): Value {
  const h = mul(b, x, Math.SQRT1_2);
  const density = b.op('Exp', [b.op('Sub', [b.scalar(-0.5 * Math.log(Math.PI)), mul(b, h, h)])]);
  const below = b.op('HardSigmoid', [b.op('Erf', [h])], { alpha: float(0.5), beta: float(0.5) });
  return mul(b, g, b.op('Add', [below, mul(b, h, density)]));
}

/** y = ½x(1 + u), u = tanh(c(x + ax³)): dx = ½g·(1 + u + x·(1 − u²)·c(1 + 3ax²)). */
function geluTanh(b: Builder, g: Value, x: Value): Value {
  const c = Math.sqrt(2 / Math.PI);
  const a = 0.044715;
  const square = mul(b, x, x);
  const inner = mul(b, x, b.op('Add', [mul(b, square, c * a), b.scalar(c)]));
  const u = b.op('Tanh', [inner]);
  const slope = b.op('Add', [mul(b, square, 3 * c * a), b.scalar(c)]);
  const bend = b.op('Sub', [b.scalar(1), mul(b, u, u)]);
  const sum = b.op('Add', [u, mul(b, mul(b, x, slope), bend)]);
  const half = mul(b, g, 0.5);
  return b.op('Add', [half, mul(b, half, sum)]);
}

const positive = (b: Builder, x: Value): Value => b.op('Greater', [x, b.scalar(0)]);

export const activation: RuleTable = {
  Erf: unary(erf),
  Sigmoid: unary(sigmoid),
  Tanh: unary(tanh),
  Gelu: unary(gelu),
  Relu: unary((b, g, _x, y) => where(b, positive(b, y), g)),
  LeakyRelu: unary((b, g, x, _y, node) =>
    b.op('Where', [positive(b, x), g, mul(b, g, floatAttribute(node, 'alpha', 0.01))]),
  ),
  // y = x, or slope·x where x is negative
  PRelu: one((context, g, x) => {
    const { b, needs } = context;
    const side = positive(b, x);
    return [
      needs(0) ? b.op('Where', [side, g, mul(b, g, input(context, 1))]) : undefined,
      needs(1) ? b.op('Where', [side, b.scalar(0), mul(b, g, x)]) : undefined,
    ];
  }),
  // y = x, or α(eˣ − 1) where x is negative, whose slope is y + α
  Elu: unary((b, g, x, y, node) => {
    const slope = b.op('Add', [y, b.scalar(floatAttribute(node, 'alpha', 1))]);
    return b.op('Where', [positive(b, x), g, mul(b, g, slope)]);
  }),
  Softplus: unary((b, g, x) => mul(b, g, b.op('Sigmoid', [x]))),
  // y = clip(αx + β, 0, 1)
  HardSigmoid: unary((b, g, _x, y, node) => {
    const inside = b.op('And', [positive(b, y), b.op('Less', [y, b.scalar(1)])]);
    return where(b, inside, mul(b, g, floatAttribute(node, 'alpha', 0.2)));
  }),
  // y = x·clip(x/6 + ½, 0, 1): the slope is 0 below −3, 1 above 3, x/3 + ½ between
  HardSwish: unary((b, g, x) => {
    const inside = b.op('Less', [b.op('Abs', [x]), b.scalar(3)]);
    const slope = b.op('Add', [mul(b, x, 1 / 3), b.scalar(0.5)]);
    return b.op('Where', [inside, mul(b, g, slope), where(b, positive(b, x), g)]);
  }),
};
