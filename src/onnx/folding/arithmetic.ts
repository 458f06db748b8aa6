/** Evaluates operators element by element: arithmetic, comparisons and logic, with broadcasting. */

import { intAttribute } from '../graph/graph.ts';
import { broadcastPlaces, build, element, input, isBig, isBits, isFloat, output } from './common.ts';
import type { Element, Evaluator, EvaluatorTable } from './common.ts';

type Floats = (a: number, b: number) => number;
/** Undefined where the result is undefined. The result wraps at the type's width when it is stored. */
type Integers = (a: bigint, b: bigint) => bigint | undefined;

/** Combines any number of inputs from the left; floats are rounded to the element type after every step. */
const folding =
  (floats: Floats, integers: Integers): Evaluator =>
  (known) => {
    const result = output(known);
    const { type } = result;
    if (isBits(type)) return undefined;
    const tensors = known.inputs.map((_, i) => input(known, i));
    const rows = tensors.map((tensor) => {
      const places = broadcastPlaces(tensor.dims, result.dims);
      return (i: number): Element => element(tensor, places[i] ?? 0);
    });
    if (isFloat(type)) {
      const round = type === 'float32' ? Math.fround : Number;
      return build(result, (i) => rows.map((row) => Number(row(i))).reduce((a, b) => round(floats(a, b))));
    }
    let undefinedResults = 0;
    const computed = build(result, (i) => {
      const value = rows
        .map((row) => BigInt(row(i)))
        .reduce((a, b) => {
          const next = integers(a, b);
          if (next === undefined) undefinedResults++;
          return next ?? 0n;
        });
      return isBig(type) ? value : Number(BigInt.asIntN(32, value));
    });
    return undefinedResults === 0 ? computed : undefined;
  };

const undefinedForFloats: Floats = () => Number.NaN;

const comparing =
  (compare: (a: Element, b: Element) => boolean): Evaluator =>
  (known) => {
    const [a, b, result] = [input(known, 0), input(known, 1), output(known)];
    if (isBits(a.type)) return undefined;
    const [left, right] = [broadcastPlaces(a.dims, result.dims), broadcastPlaces(b.dims, result.dims)];
    return build(result, (i) => Number(compare(element(a, left[i] ?? 0), element(b, right[i] ?? 0))));
  };

/** Pow's exponent may have another type than its base. */
const pow: Evaluator = (known) => {
  const [a, b, result] = [input(known, 0), input(known, 1), output(known)];
  if (!isFloat(a.type) || isBits(b.type)) return undefined;
  const [left, right] = [broadcastPlaces(a.dims, result.dims), broadcastPlaces(b.dims, result.dims)];
  return build(result, (i) => Number(element(a, left[i] ?? 0)) ** Number(element(b, right[i] ?? 0)));
};

const mod: Evaluator = (known) => {
  // With fmod, the remainder has the dividend's sign, as in C; without it, the divisor's, as in Python.
  const likeC = intAttribute(known.node, 'fmod', 0) !== 0;
  const python: Integers = (a, b) => (b === 0n ? undefined : ((a % b) + b) % b);
  const c: Integers = (a, b) => (b === 0n ? undefined : a % b);
  return folding(likeC ? (a, b) => a % b : undefinedForFloats, likeC ? c : python)(known);
};

const mean: Evaluator = (known) => {
  const sum = folding(
    (a, b) => a + b,
    () => undefined,
  )(known);
  return sum && build(sum, (i) => Number(element(sum, i)) / known.inputs.length);
};

/** A function of one floating-point element, rounded when it is stored. */
const floating =
  (compute: (x: number) => number): Evaluator =>
  (known) => {
    const x = input(known, 0);
    return isFloat(x.type) ? build(output(known), (i) => compute(Number(element(x, i)))) : undefined;
  };

/** A function of one element that also applies to integers. */
const exact =
  (floats: (x: number) => number, integers: (x: bigint) => bigint): Evaluator =>
  (known) => {
    const x = input(known, 0);
    if (isBits(x.type)) return undefined;
    const big = isBig(x.type);
    return build(output(known), (i) => (big ? integers(BigInt(element(x, i))) : floats(Number(element(x, i)))));
  };

const testing =
  (test: (x: number) => boolean): Evaluator =>
  (known) => {
    const x = input(known, 0);
    return isFloat(x.type) ? build(output(known), (i) => Number(test(Number(element(x, i))))) : undefined;
  };

const isInf: Evaluator = (known) => {
  const positive = intAttribute(known.node, 'detect_positive', 1) !== 0;
  const negative = intAttribute(known.node, 'detect_negative', 1) !== 0;
  return testing((x) => (positive && x === Infinity) || (negative && x === -Infinity))(known);
};

const clip: Evaluator = (known) => {
  const x = input(known, 0);
  if (isBits(x.type)) return undefined;
  const [low, high] = [known.inputs[1], known.inputs[2]].map((bound) => bound && element(bound, 0));
  return build(output(known), (i) => {
    const value = element(x, i);
    const raised = low !== undefined && value < low ? low : value;
    return high !== undefined && raised > high ? high : raised;
  });
};

const where: Evaluator = (known) => {
  const [condition, yes, no, result] = [input(known, 0), input(known, 1), input(known, 2), output(known)];
  const [choice, left, right] = [condition, yes, no].map((tensor) => broadcastPlaces(tensor.dims, result.dims));
  return build(result, (i) =>
    element(condition, choice?.[i] ?? 0) ? element(yes, left?.[i] ?? 0) : element(no, right?.[i] ?? 0),
  );
};

/** Ties round to even. */
function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

const not: Evaluator = (known) => {
  const x = input(known, 0);
  return build(output(known), (i) => (element(x, i) ? 0 : 1));
};

export const arithmetic: EvaluatorTable = {
  Add: folding(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  Sub: folding(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  Mul: folding(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  // Integers divide as in C, towards zero.
  Div: folding(
    (a, b) => a / b,
    (a, b) => (b === 0n ? undefined : a / b),
  ),
  Sum: folding(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  Min: folding(Math.min, (a, b) => (a < b ? a : b)),
  Max: folding(Math.max, (a, b) => (a > b ? a : b)),
  And: folding(undefinedForFloats, (a, b) => a & b),
  Or: folding(undefinedForFloats, (a, b) => a | b),
  Xor: folding(undefinedForFloats, (a, b) => a ^ b),
  Mod: mod,
  Mean: mean,
  Pow: pow,
  Equal: comparing((a, b) => a === b),
  Greater: comparing((a, b) => a > b),
  GreaterOrEqual: comparing((a, b) => a >= b),
  Less: comparing((a, b) => a < b),
  LessOrEqual: comparing((a, b) => a <= b),
  Not: not,
  Where: where,
  Clip: clip,
  IsNaN: testing(Number.isNaN),
  IsInf: isInf,
  Neg: exact(
    (x) => -x,
    (x) => -x,
  ),
  Abs: exact(Math.abs, (x) => (x < 0n ? -x : x)),
  Sign: exact(Math.sign, (x) => (x > 0n ? 1n : x < 0n ? -1n : 0n)),
  Relu: exact(
    (x) => Math.max(x, 0),
    (x) => (x > 0n ? x : 0n),
  ),
  Floor: floating(Math.floor),
  Ceil: floating(Math.ceil),
  Round: floating(roundHalfToEven),
  Sqrt: floating(Math.sqrt),
  Reciprocal: floating((x) => 1 / x),
  Exp: floating(Math.exp),
  Log: floating(Math.log),
  Sin: floating(Math.sin),
  Cos: floating(Math.cos),
  Tanh: floating(Math.tanh),
  Sigmoid: floating((x) => 1 / (1 + Math.exp(-x))),
};
