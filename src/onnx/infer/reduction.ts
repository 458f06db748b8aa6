/** Shapes of reductions, running sums and searches along axes. */

import type { Operand } from '../graph/value.ts';
import { intAttribute, type Node } from '../graph/graph.ts';
import { frontAxis, known, misfit, one, required, requiredKnown, type Infer, type InferTable } from './common.ts';

/**
 * The axes of a Reduce operator, counted from the front: its second input, or all of them.
 * @throws if they are unknown while building.
 */
export function reducedAxes(node: Node, inputs: readonly Operand[]): number[] {
  const rank = required(node, inputs, 0).dims.length;
  const axes = known(node, inputs, 1) ?? [];
  if (axes.length > 0) return axes.map((axis) => frontAxis(node, inputs, axis, rank)).toSorted((a, b) => a - b);
  return intAttribute(node, 'noop_with_empty_axes', 0) === 0 ? Array.from({ length: rank }, (_, i) => i) : [];
}

const reduce: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  return one(type, without(dims, reducedAxes(node, inputs), intAttribute(node, 'keepdims', 1) !== 0));
};

const argument: Infer = (node, inputs) => {
  const { dims } = required(node, inputs, 0);
  const axis = frontAxis(node, inputs, intAttribute(node, 'axis', 0), dims.length);
  return one('int64', without(dims, [axis], intAttribute(node, 'keepdims', 1) !== 0));
};

const topK: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const axis = frontAxis(node, inputs, intAttribute(node, 'axis', -1), dims.length);
  const count = requiredKnown(node, inputs, 1)[0] ?? 0;
  if (count > (dims[axis] ?? 0)) throw misfit(node, inputs, `there are not ${count} elements along axis ${axis}`);
  const out = dims.map((dim, i) => (i === axis ? count : dim));
  return [
    { type, dims: out },
    { type: 'int64', dims: out },
  ];
};

const cumulative: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const axis = required(node, inputs, 1).constant;
  if (axis) frontAxis(node, inputs, Number(axis.data[0]), dims.length);
  return one(type, dims);
};

export const reduction: InferTable = {
  ReduceSum: reduce,
  ReduceMean: reduce,
  ReduceMax: reduce,
  ReduceMin: reduce,
  ReduceProd: reduce,
  ReduceL1: reduce,
  ReduceL2: reduce,
  ReduceSumSquare: reduce,
  ReduceLogSum: reduce,
  ReduceLogSumExp: reduce,
  ArgMax: argument,
  ArgMin: argument,
  TopK: topK,
  CumSum: cumulative,
};

function without(dims: readonly number[], axes: readonly number[], keep: boolean): number[] {
  return dims.flatMap((dim, i) => (!axes.includes(i) ? [dim] : keep ? [1] : []));
}
