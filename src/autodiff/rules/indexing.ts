/**
 * Gradients of reading and writing by index. The gradient of reading adds into zeros at the indices, since an index may occur more than once; the
 * gradient of writing reads at the indices. Sums use ScatterElements, because onnxruntime's ScatterND adds in the order of its threads, and a
 * run would not repeat bit for bit.
 */

import type { Builder } from '../../onnx/graph/builder.ts';
import type { Value } from '../../onnx/graph/value.ts';
import { int, intAttribute, string, stringAttribute } from '../../onnx/graph/graph.ts';
import { sizeOf, toNumbers } from '../../onnx/graph/tensor.ts';
import type { NodeContext, GradientRule, RuleTable } from '../rule.ts';
import { dimOf, fromFront, input, one, reshape, sumOver, zeros } from './common.ts';
import { placed } from './shape.ts';

const adding = { reduction: string('add') };

/** Gather: whole slices of x along one axis. */
const gather: GradientRule = one((context, g, x) => {
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
  const dims = [sizeOf(x.dims.slice(0, axis)), x.dims[axis] ?? 1, sizeOf(x.dims.slice(axis + 1))] as const;
  return [reshape(b, addAt(b, g, indices, dims), x.dims)];
});

/** Adds each slice of `g`, as [before, indices, after], into zeros at its index along the middle axis of `dims`. */
function addAt(b: Builder, g: Value, indices: Value, dims: readonly [number, number, number]): Value {
  const [before, , after] = dims;
  const count = sizeOf(indices.dims);
  const column = reshape(b, b.op('Cast', [indices], { to: int(7) }), [1, count, 1]);
  const places = b.op('Expand', [column, b.ints([before, count, after])]);
  const updates = reshape(b, g, [before, count, after]);
  return b.op('ScatterElements', [zeros(b, dims), places, updates], { axis: int(1), ...adding });
}

/** Known indices in equal steps, each once: the gradient then needs no scatter. */
function arithmeticRun(indices: Value, size: number): { start: number; step: number; count: number } | undefined {
  if (!indices.constant) return undefined;
  const list = toNumbers(indices.constant).map((index) => fromFront(index, size));
  const [start = 0, second = start + 1] = list;
  const step = second - start;
  const even = list.every((index, i) => index === start + i * step);
  return list.length > 0 && step !== 0 && even ? { start, step, count: list.length } : undefined;
}

const gatherElements: GradientRule = one((context, g, x) => {
  const { b, node } = context;
  const axis = int(intAttribute(node, 'axis', 0));
  return [b.op('ScatterElements', [zeros(b, x.dims), input(context, 1), g], { axis, ...adding })];
});

/** GatherND: each index is a position in the leading axes of x, which are flattened to one. */
const gatherND: GradientRule = one((context, g, x) => {
  const { b } = context;
  const indices = b.op('Cast', [input(context, 1)], { to: int(7) });
  const depth = dimOf(indices, -1);
  const leading = x.dims.slice(0, depth);
  const strides = leading.map((_, i) => sizeOf(leading.slice(i + 1)));
  const fromEnd = b.op('Less', [indices, b.int(0)]);
  const counted = b.op('Where', [fromEnd, b.op('Add', [indices, b.ints(leading)]), indices]);
  const places = sumOver(b, b.op('Mul', [counted, b.ints(strides)]), [indices.dims.length - 1]);
  return [reshape(b, addAt(b, g, places, [1, sizeOf(leading), sizeOf(x.dims.slice(depth))]), x.dims)];
});

/** Overwritten elements have no gradient; each written element reads its own. With reduction "add" nothing was overwritten. */
const scatterND: GradientRule = one((context, g) => {
  const { b, node, needs } = context;
  const indices = input(context, 1);
  const overwrites = stringAttribute(node, 'reduction', 'none') === 'none';
  const kept = (): Value => (overwrites ? b.op('ScatterND', [g, indices, zeros(b, input(context, 2).dims)]) : g);
  return [needs(0) ? kept() : undefined, undefined, needs(2) ? b.op('GatherND', [g, indices]) : undefined];
});

const scatterElements: GradientRule = one((context, g) => {
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
