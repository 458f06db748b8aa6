/** Gradients of arithmetic, element by element with broadcasting. y is the output, g its gradient. */

import type { Builder } from '../../onnx/graph/builder.ts';
import type { Value } from '../../onnx/graph/value.ts';
import { toNumbers } from '../../onnx/graph/tensor.ts';
import type { GradientRule, RuleTable } from '../rule.ts';
import { sumTo } from '../sumTo.ts';
import { input, mul, notFor, one, unary, where } from './common.ts';

/** dx = g for every input: Add, Sum. */
const addRule: GradientRule = one(({ inputs }, g) => inputs.map(() => g));

/** d(a − b) = (g, −g). The negation comes after the sum over broadcast axes, where the tensor is smaller. */
const subRule: GradientRule = one(({ b, inputs, needs }, g) => [
  g,
  inputs[1] && needs(1) ? b.op('Neg', [sumTo(b, g, inputs[1].dims)]) : undefined,
]);

/** d(a·b) = (g·b, g·a). */
const mulRule: GradientRule = one((context, g, left) => {
  const { b, needs } = context;
  const right = input(context, 1);
  return [needs(0) ? mul(b, g, right) : undefined, needs(1) ? mul(b, g, left) : undefined];
});

/** d(a/b) = (g/b, −y·g/b). */
const divRule: GradientRule = one((context, g, _x, y) => {
  const { b, needs } = context;
  const right = input(context, 1);
  const quotient = b.op('Div', [g, right]);
  return [quotient, needs(1) ? b.op('Neg', [sumTo(b, mul(b, quotient, y), right.dims)]) : undefined];
});

/** d(aᵇ) = (g·b·aᵇ⁻¹, g·y·ln a). As in PyTorch, ln a counts as 0 where y is 0. */
const powRule: GradientRule = one((context, g, x, y) => {
  const { b, needs } = context;
  const exponent = input(context, 1);
  const toBase = (): Value => mul(b, g, powerSlope(b, x, exponent));
  const toExponent = (): Value => {
    const none = b.op('Equal', [y, b.scalar(0)]);
    const log = b.op('Log', [b.op('Where', [none, b.scalar(1), x])]);
    return mul(b, mul(b, g, y), log);
  };
  return [needs(0) ? toBase() : undefined, needs(1) ? toExponent() : undefined];
});

/** The slope of xᵉ, without a power for the exponents that exporters write. */
function powerSlope(b: Builder, x: Value, exponent: Value): Value {
  const known = exponent.constant && exponent.constant.data.length === 1 ? toNumbers(exponent.constant)[0] : undefined;
  if (known === 2) return mul(b, x, 2);
  if (known === 3) return mul(b, mul(b, x, x), 3);
  if (known !== undefined) return mul(b, b.op('Pow', [x, b.scalar(known - 1)]), known);
  return mul(b, b.op('Pow', [x, b.op('Sub', [exponent, b.scalar(1)])]), exponent);
}

/** The gradient goes to the inputs that attain the extremum, in equal parts for ties: Max, Min. */
const extremumRule: GradientRule = one(({ b, inputs, needs }, g, _x, y) => {
  const present = inputs.flatMap((value) => (value ? [value] : []));
  const masks = present.map((value) => b.op('Cast', [b.op('Equal', [value, y])], { to: floatType }));
  const [first, ...rest] = masks;
  if (!first || rest.length === 0) return [g];
  const count = rest.reduce((sum, mask) => b.op('Add', [sum, mask]), first);
  const share = b.op('Div', [g, count]);
  return masks.map((mask, i) => (needs(i) ? mul(b, share, mask) : undefined));
});

/** dx = g/n for each of n inputs. */
const meanRule: GradientRule = one(({ b, inputs }, g) => {
  const share = mul(b, g, 1 / inputs.length);
  return inputs.map(() => share);
});

/** The gradient goes to the chosen side. */
const whereRule: GradientRule = one(({ b, inputs, needs }, g) => {
  const [condition] = inputs;
  if (!condition) return [];
  return [
    undefined,
    needs(1) ? where(b, condition, g) : undefined,
    needs(2) ? b.op('Where', [condition, b.scalar(0), g]) : undefined,
  ];
});

/** dx = g where x lies within the bounds, including them: there y = x. */
const clipRule: GradientRule = unary((b, g, x, y) => where(b, b.op('Equal', [x, y]), g));

/** The element types that have gradients, by ONNX's numbers. */
const typeNumbers: Readonly<Record<string, number>> = { float32: 1, float16: 10, float64: 11, bfloat16: 16 };
const floatType = { type: 'int', value: 1 } as const;

/** Between floating-point types, dx = g in the type of x. */
const castRule: GradientRule = unary((b, g, x) =>
  b.op('Cast', [g], { to: { type: 'int', value: typeNumbers[x.type] ?? 1 } }),
);

export const arithmetic: RuleTable = {
  Add: addRule,
  Sum: addRule,
  Sub: subRule,
  Mul: mulRule,
  Div: divRule,
  Pow: powRule,
  Max: extremumRule,
  Min: extremumRule,
  Mean: meanRule,
  Where: whereRule,
  Clip: { rule: clipRule, unsupported: notFor(1, 2) },
  Cast: castRule,
  Abs: unary((b, g, x) => mul(b, g, b.op('Sign', [x]))),
  Identity: addRule,
  Dropout: {
    rule: one((_context, g) => [g]),
    unsupported: ({ inputs }) => {
      const training = inputs[2];
      return training && !training.constant?.data.every((on) => Number(on) === 0)
        ? 'Dropout is supported in inference mode only'
        : undefined;
    },
  },
  Neg: unary((b, g) => b.op('Neg', [g])),
  // d√x = g/(2y)
  Sqrt: unary((b, g, _x, y) => b.op('Div', [mul(b, g, 0.5), y])),
  Exp: unary((b, g, _x, y) => mul(b, g, y)),
  Log: unary((b, g, x) => b.op('Div', [g, x])),
  // d(1/x) = −g·y²
  Reciprocal: unary((b, g, _x, y) => b.op('Neg', [mul(b, mul(b, g, y), y)])),
  Sin: unary((b, g, x) => mul(b, g, b.op('Cos', [x]))),
  Cos: unary((b, g, x) => b.op('Neg', [mul(b, g, b.op('Sin', [x]))])),
};
