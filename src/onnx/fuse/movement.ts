/** Fuses chains of reshapes and transposes, and removes slices that keep everything. */

import type { Value } from '../graph/value.ts';
import { ints, intsAttribute, type Node } from '../graph/graph.ts';
import { sliceSteps } from '../infer/indexing.ts';
import { padsOf } from '../infer/shape.ts';
import { product } from '../infer/common.ts';
import type { Draft, Rewriter, Simplification } from '../graph/rewriter.ts';
import { sameDims } from './identity.ts';

/** Squeeze, Unsqueeze and Flatten are reshapes; consecutive reshapes are one. */
export const asReshape: Simplification = (r, draft) => {
  const [x] = draft.inputs;
  if (!x || draft.type.dims.includes(0)) return undefined;
  const before = r.producer(x, 'Reshape')?.inputs[0];
  if (sameDims((before ?? x).dims, draft.type.dims)) return before ?? x;
  if (!before && draft.node.opType === 'Reshape') return undefined;
  return reshape(r, before ?? x, draft);
};

/** Consecutive transposes are one; a transpose that moves only axes of length 1 is a reshape. */
export const simplerTranspose: Simplification = (r, draft) => {
  const [x] = draft.inputs;
  if (!x) return undefined;
  const order = orderOf(draft.node, x.dims.length);
  if (order.every((axis, i) => axis === i)) return x;
  const moved = order.filter((axis) => x.dims[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? -1)) && !x.dims.includes(0))
    return reshape(r, x, draft);
  const before = r.producer(x, 'Transpose');
  const source = before?.inputs[0];
  if (!source) return undefined;
  const first = orderOf(before.node, source.dims.length);
  return transpose(
    r,
    source,
    order.map((axis) => first[axis] ?? 0),
    draft,
  );
};

/**
 * Reshape, Transpose, Reshape is one transpose if the first merges axes and the last splits the same axes again. PyTorch's
 * exporter writes the transposed keys of attention like this.
 */
export const throughMergedAxes: Simplification = (r, draft) => {
  const swap = r.producer(draft.inputs[0], 'Transpose');
  const merged = swap?.inputs[0];
  const source = r.producer(merged, 'Reshape')?.inputs[0];
  if (!swap || !merged || !source) return undefined;
  const groups = groupsOf(source.dims, merged.dims);
  if (!groups) return undefined;
  const order = orderOf(swap.node, merged.dims.length).flatMap((axis) => groups[axis] ?? []);
  const dims = order.map((axis) => source.dims[axis] ?? 1);
  return sameDims(dims, draft.type.dims) ? transpose(r, source, order, draft) : undefined;
};

export const wholeSlice: Simplification = (_, { node, inputs, type }) => {
  const [x] = inputs;
  const whole = x && sameDims(x.dims, type.dims) && sliceSteps(node, inputs).steps.every((step) => step === 1);
  return whole ? x : undefined;
};

export const emptyPad: Simplification = (_, { node, inputs }) => {
  const { before, after } = padsOf(node, inputs);
  return [...before, ...after].every((count) => count === 0) ? inputs[0] : undefined;
};

function reshape(r: Rewriter, x: Value, { type, options }: Draft): Value {
  return r.op('Reshape', [x, r.b.ints(type.dims)], {}, options);
}

function transpose(r: Rewriter, x: Value, order: readonly number[], { options }: Draft): Value {
  return r.op('Transpose', [x], { perm: ints(order) }, options);
}

function orderOf(node: Node, rank: number): readonly number[] {
  return intsAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
}

/** For every axis of `to`, the run of axes of `from` that it merges; undefined if `to` does not merge whole axes. */
function groupsOf(from: readonly number[], to: readonly number[]): number[][] | undefined {
  let next = 0;
  const groups = to.map((dim) => {
    const group: number[] = [];
    while (next < from.length && (group.length === 0 || product(group.map((axis) => from[axis] ?? 1)) < dim)) {
      group.push(next++);
    }
    return group;
  });
  const fits = groups.every((group, i) => product(group.map((axis) => from[axis] ?? 1)) === to[i]);
  return fits && next === from.length ? groups : undefined;
}
