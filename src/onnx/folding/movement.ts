/** Evaluates operators that rearrange elements or create tensors of given elements. */

import { attribute, intAttribute, stringAttribute } from '../graph/graph.ts';
import { padsOf } from '../infer/shape.ts';
import { sliceSteps } from '../infer/indexing.ts';
import { sizeOf } from '../graph/tensor.ts';
import {
  broadcastPlaces,
  build,
  element,
  frontAxis,
  gatherFrom,
  input,
  operands,
  output,
  pick,
  places,
  stridesOf,
} from './common.ts';
import type { Evaluator, EvaluatorTable } from './common.ts';

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

const trilu: Evaluator = (known) => {
  const x = input(known, 0);
  const shift = known.inputs[1] ? Number(element(known.inputs[1], 0)) : 0;
  const upper = intAttribute(known.node, 'upper', 1) !== 0;
  return gatherFrom(x, known, (index) => {
    const [row = 0, column = 0] = index.slice(-2);
    return (upper ? column >= row + shift : column <= row + shift) ? index : undefined;
  });
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
  Trilu: trilu,
  ConstantOfShape: constantOfShape,
  Constant: constant,
  Range: range,
};
