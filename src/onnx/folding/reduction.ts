/** Evaluates reductions and cumulative sums. */

import { intAttribute } from '../graph/graph.ts';
import { reducedAxes } from '../infer/reduction.ts';
import { build, element, input, isBig, isBits, isFloat, operands, output, places, stridesOf } from './common.ts';
import type { Element, Evaluator, EvaluatorTable } from './common.ts';

/** Combines the elements along the reduced axes. An empty reduction, and integers of less than 64 bits, are left to onnxruntime. */
const reducing =
  (floats: (values: number[]) => number, integers?: (a: bigint, b: bigint) => bigint): Evaluator =>
  (known) => {
    const x = input(known, 0);
    const { type } = x;
    if (isBits(type) || x.data.length === 0) return undefined;
    const axes = reducedAxes(known.node, operands(known));
    const strides = stridesOf(x.dims);
    const kept = x.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    const starts = places(kept, strides);
    const inner = places(
      axes.map((axis) => x.dims[axis] ?? 1),
      axes.map((axis) => strides[axis] ?? 0),
    );
    const along = (i: number): Element[] => Array.from(inner, (offset) => element(x, (starts[i] ?? 0) + offset));
    if (isFloat(type)) return build(output(known), (i) => floats(along(i).map(Number)));
    if (!integers || !(isBig(type) || type === 'int32')) return undefined;
    return build(output(known), (i) => {
      const value = along(i).map(BigInt).reduce(integers);
      return isBig(type) ? value : Number(BigInt.asIntN(32, value));
    });
  };

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);

const cumulative: Evaluator = (known) => {
  const x = input(known, 0);
  if (isBits(x.type)) return undefined;
  const wanted = Number(element(input(known, 1), 0));
  const axis = wanted < 0 ? wanted + x.dims.length : wanted;
  const stride = stridesOf(x.dims)[axis] ?? 1;
  const length = x.dims[axis] ?? 1;
  const exclusive = intAttribute(known.node, 'exclusive', 0) !== 0;
  const step = intAttribute(known.node, 'reverse', 0) !== 0 ? -stride : stride;
  const zero = isBig(x.type) ? 0n : 0;
  const isFirst = (i: number): boolean => Math.floor(i / stride) % length === (step > 0 ? 0 : length - 1);
  const plus = (a: Element, b: Element): Element => (typeof a === 'bigint' ? a + BigInt(b) : a + Number(b));
  // Sums of all elements up to a position. In the reverse direction, positions count from the last one.
  const sums = new Array<Element>(x.data.length).fill(zero);
  for (let k = 0; k < sums.length; k++) {
    const i = step > 0 ? k : sums.length - 1 - k;
    sums[i] = isFirst(i) ? element(x, i) : plus(sums[i - step] ?? zero, element(x, i));
  }
  return build(output(known), (i) => (exclusive ? (isFirst(i) ? zero : sums[i - step]) : sums[i]) ?? zero);
};

/** The first position of the extremum along an axis. */
const argument =
  (better: (a: Element, b: Element) => boolean): Evaluator =>
  (known) => {
    const x = input(known, 0);
    if (isBits(x.type) || intAttribute(known.node, 'select_last_index', 0) !== 0) return undefined;
    const wanted = intAttribute(known.node, 'axis', 0);
    const axis = wanted < 0 ? wanted + x.dims.length : wanted;
    const strides = stridesOf(x.dims);
    const starts = places(
      x.dims.map((dim, i) => (i === axis ? 1 : dim)),
      strides,
    );
    const stride = strides[axis] ?? 1;
    return build(output(known), (i) => {
      let best = 0;
      const at = (k: number): Element => element(x, (starts[i] ?? 0) + k * stride);
      for (let k = 1; k < (x.dims[axis] ?? 0); k++) if (better(at(k), at(best))) best = k;
      return BigInt(best);
    });
  };

export const reduction: EvaluatorTable = {
  ReduceSum: reducing(sum, (a, b) => a + b),
  ReduceProd: reducing(
    (values) => values.reduce((a, b) => a * b, 1),
    (a, b) => a * b,
  ),
  ReduceMax: reducing(
    (values) => values.reduce((a, b) => Math.max(a, b)),
    (a, b) => (a > b ? a : b),
  ),
  ReduceMin: reducing(
    (values) => values.reduce((a, b) => Math.min(a, b)),
    (a, b) => (a < b ? a : b),
  ),
  ReduceMean: reducing((values) => sum(values) / values.length),
  ReduceL2: reducing((values) => Math.sqrt(sum(values.map((value) => value * value)))),
  ReduceL1: reducing((values) => sum(values.map(Math.abs))),
  ReduceSumSquare: reducing((values) => sum(values.map((value) => value * value))),
  CumSum: cumulative,
  ArgMax: argument((a, b) => a > b),
  ArgMin: argument((a, b) => a < b),
};
