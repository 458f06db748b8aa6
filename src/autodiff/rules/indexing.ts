/**
 * Gradients of reading and writing by index. Reading adds gradients into zeros at the indices, as an index may occur more than once;
 * writing reads the gradient at the indices.
 */

import type { Builder, Value } from '../../onnx/builder.ts';
import { int, intAttribute, string, stringAttribute } from '../../onnx/graph.ts';
import { sizeOf, toNumbers } from '../../onnx/tensor.ts';
import type { NodeContext, Rule, RuleTable } from '../rule.ts';
import { fromFront, input, one, reshape, transpose, zeros } from './common.ts';
import { placed } from './shape.ts';

const adding = { reduction: string('add') };

/** Gather: whole slices of x along one axis. */
const gather: Rule = one((context, g, x) => {
  const { b, node } = context;
  const indices = input(context, 1);
  const axis = fromFront(intAttribute(node, 'axis', 0), x.dims.length);
  const run = arithmeticRun(indices, x.dims[axis] ?? 1);
  if (run) {
    const part = reshape(
      b,
      g,
      x.dims.map((dim, i) => (i === axis ? run.count : dim)),
    );
    const only = (value: number, otherwise: number): number[] => x.dims.map((_, i) => (i === axis ? value : otherwise));
    return [placed(b, part, x.dims, only(run.start, 0), only(run.step, 1))];
  }
  const before = x.dims.slice(0, axis);
  const after = x.dims.slice(axis + 1);
  const size = x.dims[axis] ?? 1;
  const count = sizeOf(indices.dims);
  // With the indexed axis in front, each index names one row.
  const rows = transpose(b, reshape(b, g, [sizeOf(before), count, sizeOf(after)]), [1, 0, 2]);
  const sums = scatterRows(b, rows, reshape(b, indices, [count]), [size, sizeOf(before), sizeOf(after)]);
  return [reshape(b, transpose(b, sums, [1, 0, 2]), x.dims)];
});

/** Adds each row into zeros at its index. */
function scatterRows(b: Builder, rows: Value, indices: Value, dims: readonly number[]): Value {
  const wide = b.op('Cast', [indices], { to: int(7) });
  return b.op('ScatterND', [zeros(b, dims), reshape(b, wide, [...wide.dims, 1]), rows], adding);
}

/** Known indices that run in equal steps, each once: then the gradient needs no scatter. */
function arithmeticRun(indices: Value, size: number): { start: number; step: number; count: number } | undefined {
  if (!indices.constant) return undefined;
  const list = toNumbers(indices.constant).map((index) => fromFront(index, size));
  const [start = 0, second = start + 1] = list;
  const step = second - start;
  const even = list.every((index, i) => index === start + i * step);
  return list.length > 0 && step !== 0 && even ? { start, step, count: list.length } : undefined;
}

const gatherElements: Rule = one((context, g, x) => {
  const { b, node } = context;
  const axis = int(intAttribute(node, 'axis', 0));
  return [b.op('ScatterElements', [zeros(b, x.dims), input(context, 1), g], { axis, ...adding })];
});

const gatherND: Rule = one((context, g, x) => {
  const { b } = context;
  return [b.op('ScatterND', [zeros(b, x.dims), input(context, 1), g], adding)];
});

/** What was overwritten has no gradient, what was written reads its own. With reduction "add" nothing was overwritten. */
const scatterND: Rule = one((context, g) => {
  const { b, node, needs } = context;
  const indices = input(context, 1);
  const overwrites = stringAttribute(node, 'reduction', 'none') === 'none';
  const kept = (): Value => (overwrites ? b.op('ScatterND', [g, indices, zeros(b, input(context, 2).dims)]) : g);
  return [needs(0) ? kept() : undefined, undefined, needs(2) ? b.op('GatherND', [g, indices]) : undefined];
});

const scatterElements: Rule = one((context, g) => {
  const { b, node, needs } = context;
  const indices = input(context, 1);
  const axis = int(intAttribute(node, 'axis', 0));
  const overwrites = stringAttribute(node, 'reduction', 'none') === 'none';
  const kept = (): Value => (overwrites ? b.op('ScatterElements', [g, indices, zeros(b, indices.dims)], { axis }) : g);
  return [
    needs(0) ? kept() : undefined,
    undefined,
    needs(2) ? b.op('GatherElements', [g, indices], { axis }) : undefined,
  ];
});

function onlySums({ node }: NodeContext): string | undefined {
  const reduction = stringAttribute(node, 'reduction', 'none');
  return ['none', 'add'].includes(reduction)
    ? undefined
    : `${node.opType} has no gradient rule for reduction ${reduction}`;
}

export const indexing: RuleTable = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: {
    rule: gatherND,
    unsupported: ({ node }) =>
      intAttribute(node, 'batch_dims', 0) === 0 ? undefined : 'GatherND has no gradient rule for batch_dims above 0',
  },
  ScatterND: { rule: scatterND, unsupported: onlySums },
  ScatterElements: { rule: scatterElements, unsupported: onlySums },
};
