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

/** Elements that are read at a time where they cannot be read to where they belong: 16 MB, or 32 MB of float64. */
const usualPiece = 1 << 22;

/**
 * A tensor's elements as float32, row-major. Beside them only a piece is in memory, whatever the strides.
 * @param piece elements that may be read at a time.
 * @throws WeightFileError as CheckpointTensor's readFloat32.
 */
export async function readFloat32(
  file: WeightFile,
  { name, dtype, dims, start, ...stored }: Stored,
  piece = usualPiece,
): Promise<Float32Array<ArrayBuffer>> {
  if (!floats.has(dtype)) {
    throw new WeightFileError(file.path, `tensor ${quoted(name)} is of type ${dtype}, where floats are needed`);
  }
  const result = new Float32Array(elementCount(dims));
  if (result.length === 0) return result;
  const axes = axesOf(dims, stored.strides ?? denseStrides(dims));
  // Dense: then all axes are one.
  if (dtype === 'float32' && axes.length <= 1 && axes.every(({ stride }) => stride === 1)) {
    await file.read(toBytes(result), start);
    return result;
  }
  const fill = async (part: readonly Axis[], position: number, index: number): Promise<void> => {
    const span = reach(part);
    const [outer, ...inner] = part;
    if (span <= piece || outer === undefined) {
      const data = allocate(dtype, span);
      await file.read(toBytes(data), start + position * data.BYTES_PER_ELEMENT);
      scatter(elementsOf({ type: dtype, dims: [span], data }), part, result, index);
      return;
    }
    const { dim, stride, step } = outer;
    const atOnce = Math.max(1, Math.floor((piece - reach(inner)) / stride) + 1);
    for (let i = 0; i < dim; i += atOnce) {
      const some = Math.min(atOnce, dim - i);
      await fill(
        [...(some > 1 ? [{ dim: some, stride, step }] : []), ...inner],
        position + i * stride,
        index + i * step,
      );
    }
  };
  await fill(axes, 0, 0);
  return result;
}

/** An axis of more than one element. */
export interface Axis {
  readonly dim: number;
  /** Elements from one to the next in the file. */
  readonly stride: number;
  /** The same in a row-major array. */
  readonly step: number;
}

/** In the order of the file: the largest stride first. One axis where two could be walked as one. */
function axesOf(dims: readonly number[], strides: readonly number[]): Axis[] {
  const steps = denseStrides(dims);
  const axes = dims
    .map((dim, i): Axis => ({ dim, stride: strides[i] ?? 0, step: steps[i] ?? 0 }))
    .filter(({ dim }) => dim > 1)
    .sort((a, b) => b.stride - a.stride || b.step - a.step);
  const joined: Axis[] = [];
  for (const inner of axes) {
    const outer = joined.at(-1);
    if (outer?.stride === inner.dim * inner.stride && outer.step === inner.dim * inner.step) {
      joined.splice(-1, 1, { ...inner, dim: outer.dim * inner.dim });
    } else joined.push(inner);
  }
  return joined;
}

/** Puts elements, in the order of the file, to where they belong. */
function scatter(
  from: ArrayLike<number>,
  axes: readonly Axis[],
  result: Float32Array,
  index: number,
  position = 0,
): void {
  const [axis, ...inner] = axes;
  if (axis === undefined) {
    result[index] = from[position] ?? 0;
    return;
  }
  const { dim, stride, step } = axis;
  if (inner.length > 0) {
    for (let i = 0; i < dim; i++) scatter(from, inner, result, index + i * step, position + i * stride);
  } else {
    for (let i = 0; i < dim; i++) result[index + i * step] = from[position + i * stride] ?? 0;
  }
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

/** Elements from the first to the last one, both included. Infinity or inexact beyond 2⁵³, never too small then. */
export function reach(axes: readonly Pick<Axis, 'dim' | 'stride'>[]): number {
  return axes.reduce((last, { dim, stride }) => last + (dim - 1) * stride, 1);
}
