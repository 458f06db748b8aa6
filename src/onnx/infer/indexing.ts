/** Shapes of operators that join, cut, pick and place elements, or create tensors. */

import type { Operand } from '../graph/value.ts';
import { attribute, intAttribute, intsAttribute, type Node } from '../graph/graph.ts';
import {
  elementType,
  frontAxis,
  known,
  like,
  misfit,
  one,
  required,
  requiredKnown,
  sameTypes,
  type Infer,
  type InferTable,
} from './common.ts';

const concat: Infer = (node, inputs) => {
  const first = required(node, inputs, 0).dims;
  const type = sameTypes(node, inputs);
  const axis = frontAxis(node, inputs, intAttribute(node, 'axis', 0), first.length);
  let total = 0;
  for (const input of inputs) {
    const fits = input?.dims.length === first.length && input.dims.every((dim, i) => i === axis || dim === first[i]);
    if (!fits) throw misfit(node, inputs, 'the shapes differ beside the axis');
    total += input.dims[axis] ?? 0;
  }
  return one(
    type,
    first.map((dim, i) => (i === axis ? total : dim)),
  );
};

/** By given lengths, or into as many equal pieces as there are outputs, with a smaller last piece if they do not divide the axis. */
const split: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const axis = frontAxis(node, inputs, intAttribute(node, 'axis', 0), dims.length);
  const length = dims[axis] ?? 0;
  const count = node.outputs.length;
  const even = Math.ceil(length / count);
  const lengths =
    intsAttribute(node, 'split') ??
    known(node, inputs, 1) ??
    Array.from({ length: count }, (_, i) => Math.max(0, Math.min(even, length - i * even)));
  const total = lengths.reduce((sum, piece) => sum + piece, 0);
  if (lengths.length !== count || total !== length) throw misfit(node, inputs, 'the pieces do not make up the axis');
  return lengths.map((piece) => ({ type, dims: dims.map((dim, i) => (i === axis ? piece : dim)) }));
};

/** A Slice's start, step and number of elements along each axis. */
export interface SliceSteps {
  readonly starts: readonly number[];
  readonly steps: readonly number[];
  readonly counts: readonly number[];
}

/** A Slice's steps with ONNX's clamping: starts and ends beyond the axis mean its edge. @throws if they are unknown. */
export function sliceSteps(node: Node, inputs: readonly Operand[]): SliceSteps {
  const { dims } = required(node, inputs, 0);
  const starts = requiredKnown(node, inputs, 1);
  const ends = requiredKnown(node, inputs, 2);
  const axes = known(node, inputs, 3) ?? starts.map((_, i) => i);
  const steps = known(node, inputs, 4) ?? starts.map(() => 1);
  const result = { starts: dims.map(() => 0), steps: dims.map(() => 1), counts: [...dims] };
  axes.forEach((wanted, i) => {
    const axis = frontAxis(node, inputs, wanted, dims.length);
    const length = dims[axis] ?? 0;
    const step = steps[i] ?? 1;
    if (step === 0) throw misfit(node, inputs, 'a step is 0');
    const fromFront = (at: number): number => (at < 0 ? at + length : at);
    const clamp = (at: number, low: number, high: number): number => Math.min(Math.max(at, low), high);
    const start = clamp(fromFront(starts[i] ?? 0), 0, step > 0 ? length : length - 1);
    const end = clamp(fromFront(ends[i] ?? 0), step > 0 ? 0 : -1, length);
    result.starts[axis] = start;
    result.steps[axis] = step;
    result.counts[axis] = Math.max(0, Math.ceil((end - start) / step));
  });
  return result;
}

const slice: Infer = (node, inputs) => one(required(node, inputs, 0).type, sliceSteps(node, inputs).counts);

const gather: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const indices = required(node, inputs, 1);
  const axis = frontAxis(node, inputs, intAttribute(node, 'axis', 0), dims.length);
  return one(type, [...dims.slice(0, axis), ...indices.dims, ...dims.slice(axis + 1)]);
};

const gatherElements: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const indices = required(node, inputs, 1).dims;
  frontAxis(node, inputs, intAttribute(node, 'axis', 0), dims.length);
  if (indices.length !== dims.length) throw misfit(node, inputs, 'the indices have another rank');
  return one(type, indices);
};

const gatherND: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const indices = required(node, inputs, 1).dims;
  const batch = intAttribute(node, 'batch_dims', 0);
  const depth = indices.at(-1) ?? 0;
  if (batch + depth > dims.length) throw misfit(node, inputs, 'the indices are longer than the rank');
  return one(type, [...indices.slice(0, -1), ...dims.slice(batch + depth)]);
};

const oneHot: Infer = (node, inputs) => {
  const { dims } = required(node, inputs, 0);
  const depth = requiredKnown(node, inputs, 1)[0] ?? 0;
  const axis = frontAxis(node, inputs, intAttribute(node, 'axis', -1), dims.length + 1);
  return one(required(node, inputs, 2).type, [...dims.slice(0, axis), depth, ...dims.slice(axis)]);
};

const nonZero: Infer = (node, inputs) => {
  const { dims } = required(node, inputs, 0);
  const found = requiredKnown(node, inputs, 0).filter((value) => value !== 0).length;
  return one('int64', [dims.length, found]);
};

const compress: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const kept = requiredKnown(node, inputs, 1).filter((value) => value !== 0).length;
  const wanted = intAttribute(node, 'axis');
  if (wanted === undefined) return one(type, [kept]);
  const axis = frontAxis(node, inputs, wanted, dims.length);
  return one(
    type,
    dims.map((dim, i) => (i === axis ? kept : dim)),
  );
};

/** The length of a Range, computed as onnxruntime does. */
const range: Infer = (node, inputs) => {
  const type = sameTypes(node, inputs);
  const [start = 0, limit = 0, step = 1] = [0, 1, 2].map((i) => requiredKnown(node, inputs, i)[0] ?? 0);
  if (step === 0) throw misfit(node, inputs, 'the step is 0');
  return one(type, [Math.max(0, Math.ceil((limit - start) / step))]);
};

const constantOfShape: Infer = (node, inputs) => {
  const dims = requiredKnown(node, inputs, 0);
  if (dims.some((dim) => dim < 0)) throw misfit(node, inputs, `the shape [${dims.join(',')}] is negative`);
  return one(attribute(node, 'value', 'tensor')?.type ?? 'float32', dims);
};

const constant: Infer = (node, inputs) => {
  const { value, value_int, value_float, value_ints, value_floats } = node.attributes;
  if (value?.type === 'tensor') return one(value.value.type, value.value.dims);
  if (value_int?.type === 'int') return one('int64', []);
  if (value_float?.type === 'float') return one('float32', []);
  if (value_ints?.type === 'ints') return one('int64', [value_ints.value.length]);
  if (value_floats?.type === 'floats') return one('float32', [value_floats.value.length]);
  throw misfit(node, inputs, 'only numbers are supported as a constant');
};

const eyeLike: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const chosen = intAttribute(node, 'dtype');
  return one(chosen === undefined ? type : elementType(node, chosen), dims);
};

const random: Infer = (node) =>
  one(elementType(node, intAttribute(node, 'dtype', 1)), intsAttribute(node, 'shape') ?? []);

export const indexing: InferTable = {
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterND: like(0),
  ScatterElements: like(0),
  Trilu: like(0),
  ReverseSequence: like(0),
  OneHot: oneHot,
  NonZero: nonZero,
  Compress: compress,
  Range: range,
  ConstantOfShape: constantOfShape,
  Constant: constant,
  EyeLike: eyeLike,
  RandomUniformLike: eyeLike,
  RandomNormalLike: eyeLike,
  Bernoulli: eyeLike,
  RandomUniform: random,
  RandomNormal: random,
};
