/** Fuses GELU in all its spellings. */

import type { Value } from '../graph/value.ts';
import { string } from '../graph/graph.ts';
import type { Rewriter, Simplification } from '../graph/rewriter.ts';

/**
 * A product that computes GELU of some x, by the error function or by tanh, becomes one Gelu. Exporters write it in many orders, so the function
 * is compared instead of the spelling: if all nodes between x and the product are element-wise with constant scalars, both are evaluated on
 * a grid.
 */
export const spelledGelu: Simplification = (r, draft) => {
  const root: Expression = { opType: draft.node.opType, inputs: draft.inputs.flatMap((input) => input ?? []) };
  for (const x of factorsOf(r, root, 3)) {
    const same = x.type === draft.type.type && x.dims.join() === draft.type.dims.join();
    const compute = same ? functionOf(r, root, x, 12) : undefined;
    if (!compute) continue;
    if (equals(compute, exactGelu)) return r.op('Gelu', [x], {}, draft.options);
    if (equals(compute, tanhGelu)) return r.op('Gelu', [x], { approximate: string('tanh') }, draft.options);
  }
  return undefined;
};

interface Expression {
  readonly opType: string;
  readonly inputs: readonly Value[];
}

type RealFunction = (x: number) => number;

const operators: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Neg: (a) => -a,
  Erf: erf,
  Tanh: Math.tanh,
};

/** The factors of a product, through nested products. */
function factorsOf(r: Rewriter, { opType, inputs }: Expression, depth: number): Value[] {
  if (depth === 0 || (opType !== 'Mul' && opType !== 'Div')) return [];
  return inputs.flatMap((input) => [input, ...factorsOf(r, expressionOf(r, input), depth - 1)]);
}

function expressionOf(r: Rewriter, value: Value): Expression {
  for (const opType of Object.keys(operators)) {
    const found = r.producer(value, opType);
    if (found) return { opType, inputs: found.inputs.flatMap((input) => input ?? []) };
  }
  return { opType: '', inputs: [] };
}

/** An expression as a function of x, if it depends on nothing else. */
function functionOf(r: Rewriter, expression: Expression, x: Value, depth: number): RealFunction | undefined {
  const operator = operators[expression.opType];
  if (!operator || depth === 0) return undefined;
  const parts = expression.inputs.map((input): RealFunction | undefined => {
    if (input === x) return (at) => at;
    const scalar = r.uniform(input);
    return scalar === undefined ? functionOf(r, expressionOf(r, input), x, depth - 1) : () => scalar;
  });
  const [left, right = (): number => 0] = parts;
  if (!left || parts.includes(undefined)) return undefined;
  return (at) => operator(left(at), right(at));
}

const grid = Array.from({ length: 97 }, (_, i) => (i - 48) / 8 + 1 / 97);

/** Whether two functions are equal on the grid. The tolerance covers constants such as √2 in 32 bits; the two GELUs differ by up to 5e-4. */
function equals(a: RealFunction, b: RealFunction): boolean {
  return grid.every((x) => Math.abs(a(x) - b(x)) < 2e-6);
}

const exactGelu: RealFunction = (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));

const tanhGelu: RealFunction = (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** Abramowitz and Stegun, Handbook of Mathematical Functions, formula 7.1.26. Its error of 1.5e-7 is on both sides of the comparison. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - sum * Math.exp(-x * x));
}
