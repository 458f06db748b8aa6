/** Reads the elements of a tensor from a file, in any type and with any strides. */

import { quoted, WeightFileError } from '../../base/errors.ts';
import { elementsOf } from '../../onnx/graph/elements.ts';
import { allocate, sizeOf, toBytes, type DataType } from '../../onnx/graph/tensor.ts';
import type { CheckpointTensor } from './checkpoint.ts';
import type { WeightFile } from './weightFile.ts';

/** Where a tensor's elements stand: element `[i, j, …]` is `i·strides[0] + j·strides[1] + …` elements behind `start`. */
export interface Stored {
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /** In elements; undefined for a dense tensor, row-major. */
  readonly strides?: readonly number[];
  /** Byte of the first element in the file. All elements lie in the file: whoever makes this has checked it. */
  readonly start: number;
}

const floats: ReadonlySet<DataType> = new Set(['float32', 'float16', 'bfloat16', 'float64']);

/** A tensor that is read when it is asked for. */
export function storedTensor(file: WeightFile, stored: Stored): CheckpointTensor {
  const { name, dtype, dims } = stored;
  return { name, dtype, dims, readFloat32: () => readFloat32(file, stored) };
}

async function readFloat32(file: WeightFile, stored: Stored): Promise<Float32Array<ArrayBuffer>> {
  const { name, dtype, dims } = stored;
  if (!floats.has(dtype)) {
    throw new WeightFileError(file.path, `tensor ${quoted(name)} is of type ${dtype}, where floats are needed`);
  }
  const strides = stored.strides ?? denseStrides(dims);
  const isDense = sameLayout(dims, strides);
  const length = isDense ? elementCount(dims) : reach(dims, strides);
  const data = allocate(dtype, length);
  await file.read(toBytes(data), stored.start);
  const values = elementsOf({ type: dtype, dims: [length], data });
  const floats32 = values instanceof Float32Array ? values : Float32Array.from(values);
  return isDense ? floats32 : gather(floats32, dims, strides);
}

/** Elements of a shape that somebody else wrote: 0 where an axis has none, however large the others. */
export function elementCount(dims: readonly number[]): number {
  return dims.includes(0) ? 0 : sizeOf(dims);
}

/** Row-major strides, in elements. */
function denseStrides(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= dims[axis] ?? 1;
  }
  return strides;
}

/** Elements from the first to the last one, both included; 0 of an empty tensor. Infinity or inexact beyond 2⁵³, never too small then. */
export function reach(dims: readonly number[], strides: readonly number[]): number {
  if (dims.includes(0)) return 0;
  return dims.reduce((last, dim, axis) => last + (dim - 1) * (strides[axis] ?? 0), 1);
}

/** Whether these strides mean row-major; those of axes of one element mean nothing. */
function sameLayout(dims: readonly number[], strides: readonly number[]): boolean {
  return dims.includes(0) || denseStrides(dims).every((stride, axis) => dims[axis] === 1 || stride === strides[axis]);
}

function gather(from: Float32Array, dims: readonly number[], strides: readonly number[]): Float32Array<ArrayBuffer> {
  const values = new Float32Array(elementCount(dims));
  const index = new Array<number>(dims.length).fill(0);
  let position = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] = from[position] ?? 0;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const [dim = 1, stride = 0, at = 0] = [dims[axis], strides[axis], index[axis]];
      position += stride;
      if (at + 1 < dim) {
        index[axis] = at + 1;
        break;
      }
      position -= dim * stride;
      index[axis] = 0;
    }
  }
  return values;
}
