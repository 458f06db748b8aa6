/** Helpers of all evaluators: reading and creating tensors of any element type, and index maps. */

import type { Operand, ValueType } from '../graph/value.ts';
import type { Node } from '../graph/graph.ts';
import { allocate, sizeOf, type DataType, type Tensor } from '../graph/tensor.ts';

/** A node with the elements of its inputs. */
export interface Known {
  readonly node: Node;
  /** Undefined for an omitted optional input. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly ValueType[];
}

/** The elements of a node's first output, or undefined if onnxruntime's own result is uncertain. */
export type Evaluator = (known: Known) => Tensor | undefined;

export type EvaluatorTable = Readonly<Record<string, Evaluator>>;

/** An element: a bigint for 64-bit integers, otherwise a number. */
export type Element = number | bigint;

/** Input `i`. @throws if it is omitted. */
export function input({ node, inputs }: Known, i: number): Tensor {
  const tensor = inputs[i];
  if (!tensor) throw new Error(`${node.opType} "${node.name}": input ${i} is missing`);
  return tensor;
}

/** The inputs as the shape functions read them. */
export function operands({ inputs }: Known): Operand[] {
  return inputs.map((constant) => constant && { name: '', type: constant.type, dims: constant.dims, constant });
}

/** The type and shape of the first output. */
export function output({ node, outputs }: Known): ValueType {
  const [type] = outputs;
  if (!type) throw new Error(`${node.opType} "${node.name}" has no output`);
  return type;
}

/** A tensor from a function of the element's position. */
export function build({ type, dims }: ValueType, at: (i: number) => Element): Tensor {
  const data = allocate(type, sizeOf(dims));
  const elements = data as { [i: number]: Element };
  for (let i = 0; i < data.length; i++) elements[i] = at(i);
  return { type, dims, data };
}

/** The element at a position of the flat data. */
export function element(tensor: Tensor, at: number): Element {
  const found = tensor.data[at];
  if (found === undefined) throw new Error(`there is no element ${at} in ${tensor.data.length}`);
  return found;
}

export const isBig = (type: DataType): boolean => type === 'int64' || type === 'uint64';

/** Stored as bits, not as numbers: they can be moved but not computed with. */
export const isBits = (type: DataType): boolean => type === 'float16' || type === 'bfloat16';

export const isFloat = (type: DataType): boolean => type === 'float32' || type === 'float64';

/** Row-major strides of a shape. */
export function stridesOf(dims: readonly number[]): number[] {
  return dims.map((_, i) => sizeOf(dims.slice(i + 1)));
}

/** For every element of a tensor of shape `dims`, in order, the position start + Σ index · stride. */
export function places(dims: readonly number[], strides: readonly number[], start = 0): Int32Array {
  let held = Int32Array.of(start);
  dims.forEach((dim, axis) => {
    const stride = strides[axis] ?? 0;
    const next = new Int32Array(held.length * dim);
    held.forEach((base, i) => {
      for (let k = 0; k < dim; k++) next[i * dim + k] = base + k * stride;
    });
    held = next;
  });
  return held;
}

/** For every element of the shape `to`, its source position in a tensor of shape `from` under broadcasting. */
export function broadcastPlaces(from: readonly number[], to: readonly number[]): Int32Array {
  const missing = to.length - from.length;
  const strides = stridesOf(from);
  return places(
    to,
    to.map((_, i) => (i < missing || from[i - missing] === 1 ? 0 : (strides[i - missing] ?? 0))),
  );
}

/** The elements of `source` at some positions. */
export function pick(source: Tensor, type: ValueType, from: Int32Array): Tensor {
  return build(type, (i) => element(source, from[i] ?? -1));
}

/** Every output element is copied from the position that a function of its index returns; without one, it is `fill`. */
export function gatherFrom(
  x: Tensor,
  known: Known,
  from: (index: number[]) => number[] | undefined,
  fill?: Tensor,
): Tensor {
  const result = output(known);
  const strides = stridesOf(x.dims);
  const filler = fill ? element(fill, 0) : isBig(x.type) ? 0n : 0;
  return build(result, (i) => {
    const index = from(indexAt(i, result.dims));
    return index ? element(x, placeAt(index, strides)) : filler;
  });
}

/** The index of the element at a position of the flat data. */
export function indexAt(place: number, dims: readonly number[]): number[] {
  const index = dims.map(() => 0);
  let rest = place;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const dim = dims[axis] ?? 1;
    index[axis] = rest % dim;
    rest = Math.floor(rest / dim);
  }
  return index;
}

/** The position of an index in the flat data. */
export function placeAt(index: readonly number[], strides: readonly number[]): number {
  return index.reduce((sum, k, axis) => sum + k * (strides[axis] ?? 0), 0);
}

/** An axis or index counted from the front. */
export const frontAxis = (axis: number, length: number): number => (axis < 0 ? axis + length : axis);
