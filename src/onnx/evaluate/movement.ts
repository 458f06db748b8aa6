/** Computes operators that move elements without changing them. */

import { attribute, intAttribute, stringAttribute } from '../graph.ts';
import { padsOf } from '../infer/shape.ts';
import { sliceSteps } from '../infer/indexing.ts';
import { int64, sizeOf, toNumbers, type Tensor } from '../tensor.ts';
import { broadcastPlaces, build, element, input, isBig, operands, output, pick, places, stridesOf } from './common.ts';
import type { Evaluator, EvaluatorTable, Known } from './common.ts';

/** The same elements in another shape. */
const same: Evaluator = (known) => ({ ...input(known, 0), dims: output(known).dims });

const transpose: Evaluator = (known) => {
  const x = input(known, 0);
  const order = attribute(known.node, 'perm', 'ints') ?? x.dims.map((_, i) => x.dims.length - 1 - i);
  const strides = stridesOf(x.dims);
  const result = output(known);
  return pick(
    x,
    result,
    places(
      result.dims,
      order.map((axis) => strides[axis] ?? 0),
    ),
  );
};

const expand: Evaluator = (known) => {
  const x = input(known, 0);
  const result = output(known);
  return pick(x, result, broadcastPlaces(x.dims, result.dims));
};

const slice: Evaluator = (known) => {
  const x = input(known, 0);
  const { starts, steps } = sliceSteps(known.node, operands(known));
  const strides = stridesOf(x.dims);
  const start = strides.reduce((sum, stride, i) => sum + stride * (starts[i] ?? 0), 0);
  const result = output(known);
  return pick(
    x,
    result,
    places(
      result.dims,
      strides.map((stride, i) => stride * (steps[i] ?? 1)),
      start,
    ),
  );
};

/** Every element of the output comes from the place that a function of its index names; where there is none, from `fill`. */
function gatherFrom(x: Tensor, known: Known, from: (index: number[]) => number[] | undefined, fill?: Tensor): Tensor {
  const result = output(known);
  const strides = stridesOf(x.dims);
  const filler = fill ? element(fill, 0) : isBig(x.type) ? 0n : 0;
  return build(result, (i) => {
    const index = from(indexAt(i, result.dims));
    return index ? element(x, placeAt(index, strides)) : filler;
  });
}

const tile: Evaluator = (known) => {
  const x = input(known, 0);
  return gatherFrom(x, known, (index) => index.map((k, axis) => k % (x.dims[axis] ?? 1)));
};

const pad: Evaluator = (known) => {
  const x = input(known, 0);
  if (stringAttribute(known.node, 'mode', 'constant') !== 'constant') return undefined;
  const { before } = padsOf(known.node, operands(known));
  return gatherFrom(
    x,
    known,
    (index) => {
      const inner = index.map((k, axis) => k - (before[axis] ?? 0));
      return inner.every((k, axis) => k >= 0 && k < (x.dims[axis] ?? 0)) ? inner : undefined;
    },
    known.inputs[2],
  );
};

const concat: Evaluator = (known) => {
  const tensors = known.inputs.map((_, i) => input(known, i));
  const result = output(known);
  const axis = frontAxis(intAttribute(known.node, 'axis', 0), result.dims.length);
  const outer = sizeOf(result.dims.slice(0, axis));
  const pieces = tensors.map((tensor) => sizeOf(tensor.dims) / Math.max(1, outer));
  const order = Array.from({ length: outer }, (_, o) =>
    tensors.flatMap((tensor, k) =>
      Array.from({ length: pieces[k] ?? 0 }, (_, i) => [tensor, o * (pieces[k] ?? 0) + i] as const),
    ),
  ).flat();
  return build(result, (i) => {
    const [tensor, at] = order[i] ?? [input(known, 0), -1];
    return element(tensor, at);
  });
};

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

/** The updates replace what stood there; a reduction is left to onnxruntime. */
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

const trilu: Evaluator = (known) => {
  const x = input(known, 0);
  const shift = known.inputs[1] ? Number(element(known.inputs[1], 0)) : 0;
  const upper = intAttribute(known.node, 'upper', 1) !== 0;
  return gatherFrom(x, known, (index) => {
    const [row = 0, column = 0] = index.slice(-2);
    return (upper ? column >= row + shift : column <= row + shift) ? index : undefined;
  });
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

const constantOfShape: Evaluator = (known) => {
  const value = attribute(known.node, 'value', 'tensor');
  return build(output(known), () => (value ? element(value, 0) : 0));
};

const constant: Evaluator = ({ node, outputs }) => {
  const [type] = outputs;
  const { value, value_int, value_float, value_ints, value_floats } = node.attributes;
  if (!type) return undefined;
  if (value?.type === 'tensor') return value.value;
  if (value_int?.type === 'int') return build(type, () => BigInt(value_int.value));
  if (value_float?.type === 'float') return build(type, () => value_float.value);
  if (value_ints?.type === 'ints') return build(type, (i) => BigInt(value_ints.value[i] ?? 0));
  if (value_floats?.type === 'floats') return build(type, (i) => value_floats.value[i] ?? 0);
  return undefined;
};

const range: Evaluator = (known) => {
  const result = output(known);
  const [start, step] = [element(input(known, 0), 0), element(input(known, 2), 0)];
  if (typeof start === 'bigint' && typeof step === 'bigint') return build(result, (i) => start + BigInt(i) * step);
  return build(result, (i) => Number(start) + i * Number(step));
};

export const movement: EvaluatorTable = {
  Identity: same,
  Reshape: same,
  Flatten: same,
  Squeeze: same,
  Unsqueeze: same,
  Transpose: transpose,
  Expand: expand,
  Tile: tile,
  Slice: slice,
  Pad: pad,
  Concat: concat,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterND: scatterND,
  ScatterElements: scatterElements,
  Trilu: trilu,
  OneHot: oneHot,
  NonZero: nonZero,
  ConstantOfShape: constantOfShape,
  Constant: constant,
  Range: range,
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

const frontAxis = (axis: number, length: number): number => (axis < 0 ? axis + length : axis);

/** The index of the element at a place of the flat data. */
function indexAt(place: number, dims: readonly number[]): number[] {
  const index = dims.map(() => 0);
  let rest = place;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const dim = dims[axis] ?? 1;
    index[axis] = rest % dim;
    rest = Math.floor(rest / dim);
  }
  return index;
}

function placeAt(index: readonly number[], strides: readonly number[]): number {
  return index.reduce((sum, k, axis) => sum + k * (strides[axis] ?? 0), 0);
}
