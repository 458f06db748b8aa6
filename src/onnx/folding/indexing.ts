/** Evaluates operators that pick, place or find elements by index. */

import { intAttribute, stringAttribute } from '../graph/graph.ts';
import { int64, sizeOf, toNumbers, type Tensor } from '../graph/tensor.ts';
import { build, element, frontAxis, gatherFrom, indexAt, input, output, placeAt, stridesOf } from './common.ts';
import type { Evaluator, EvaluatorTable } from './common.ts';

const gather: Evaluator = (known) => {
  const x = input(known, 0);
  const indices = input(known, 1);
  const axis = frontAxis(intAttribute(known.node, 'axis', 0), x.dims.length);
  const rank = indices.dims.length;
  const picked = inRange(indices, x.dims[axis] ?? 0);
  if (!picked) return undefined;
  const strides = stridesOf(indices.dims);
  return gatherFrom(x, known, (index) => [
    ...index.slice(0, axis),
    picked[placeAt(index.slice(axis, axis + rank), strides)] ?? 0,
    ...index.slice(axis + rank),
  ]);
};

const gatherElements: Evaluator = (known) => {
  const x = input(known, 0);
  const indices = input(known, 1);
  const axis = frontAxis(intAttribute(known.node, 'axis', 0), x.dims.length);
  const picked = inRange(indices, x.dims[axis] ?? 0);
  if (!picked) return undefined;
  const strides = stridesOf(indices.dims);
  return gatherFrom(x, known, (index) => index.toSpliced(axis, 1, picked[placeAt(index, strides)] ?? 0));
};

const gatherND: Evaluator = (known) => {
  const x = input(known, 0);
  const indices = input(known, 1);
  const batch = intAttribute(known.node, 'batch_dims', 0);
  const depth = indices.dims.at(-1) ?? 0;
  const outer = indices.dims.length - 1;
  const strides = stridesOf(indices.dims);
  const held = toNumbers(indices);
  const valid = held.every((at, i) => Math.abs(at + 0.5) < (x.dims[batch + (i % depth)] ?? 0) + 0.5);
  if (!valid) return undefined;
  return gatherFrom(x, known, (index) => {
    const start = placeAt(index.slice(0, outer), strides);
    const chosen = held.slice(start, start + depth).map((at, k) => frontAxis(at, x.dims[batch + k] ?? 0));
    return [...index.slice(0, batch), ...chosen, ...index.slice(outer)];
  });
};

/** The updates replace the old elements; a reduction is left to onnxruntime. */
const scatterND: Evaluator = (known) => {
  const [x, indices, updates] = [input(known, 0), input(known, 1), input(known, 2)];
  if (stringAttribute(known.node, 'reduction', 'none') !== 'none') return undefined;
  const depth = indices.dims.at(-1) ?? 0;
  const strides = stridesOf(x.dims);
  const length = sizeOf(x.dims.slice(depth));
  const held = toNumbers(indices);
  const source = new Map<number, number>();
  for (let row = 0; row < held.length / Math.max(1, depth); row++) {
    const index = held.slice(row * depth, (row + 1) * depth);
    if (index.some((at, k) => at < -(x.dims[k] ?? 0) || at >= (x.dims[k] ?? 0))) return undefined;
    const start = placeAt(
      index.map((at, k) => frontAxis(at, x.dims[k] ?? 0)),
      strides,
    );
    for (let i = 0; i < length; i++) source.set(start + i, row * length + i);
  }
  return replaced(x, updates, source);
};

const scatterElements: Evaluator = (known) => {
  const [x, indices, updates] = [input(known, 0), input(known, 1), input(known, 2)];
  if (stringAttribute(known.node, 'reduction', 'none') !== 'none') return undefined;
  const axis = frontAxis(intAttribute(known.node, 'axis', 0), x.dims.length);
  const picked = inRange(indices, x.dims[axis] ?? 0);
  if (!picked) return undefined;
  const strides = stridesOf(x.dims);
  const source = new Map<number, number>();
  picked.forEach((at, i) => source.set(placeAt(indexAt(i, indices.dims).toSpliced(axis, 1, at), strides), i));
  return replaced(x, updates, source);
};

const oneHot: Evaluator = (known) => {
  const [indices, values] = [input(known, 0), input(known, 2)];
  const result = output(known);
  const axis = frontAxis(intAttribute(known.node, 'axis', -1), result.dims.length);
  const depth = result.dims[axis] ?? 0;
  const strides = stridesOf(indices.dims);
  return build(result, (i) => {
    const index = indexAt(i, result.dims);
    const wanted = Number(element(indices, placeAt(index.toSpliced(axis, 1), strides)));
    return element(values, frontAxis(wanted, depth) === index[axis] ? 1 : 0);
  });
};

const nonZero: Evaluator = (known) => {
  const x = input(known, 0);
  const found = toNumbers(x).flatMap((value, i) => (value === 0 ? [] : [indexAt(i, x.dims)]));
  const { dims } = output(known);
  return int64(
    x.dims.flatMap((_, axis) => found.map((index) => index[axis] ?? 0)),
    dims,
  );
};

export const indexing: EvaluatorTable = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterND: scatterND,
  ScatterElements: scatterElements,
  OneHot: oneHot,
  NonZero: nonZero,
};

function replaced(x: Tensor, updates: Tensor, source: ReadonlyMap<number, number>): Tensor {
  return build(x, (i) => {
    const from = source.get(i);
    return from === undefined ? element(x, i) : element(updates, from);
  });
}

/** Indices counted from the front, or undefined if one is out of range. */
function inRange(indices: Tensor, length: number): number[] | undefined {
  const held = toNumbers(indices);
  return held.every((at) => at >= -length && at < length) ? held.map((at) => frontAxis(at, length)) : undefined;
}
