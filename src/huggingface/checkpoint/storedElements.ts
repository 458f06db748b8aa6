/** Reads the elements of a tensor from a file, in any type and with any strides. */

import { quoted, WeightFileError } from '../../base/errors.ts';
import { elementsOf, type Elements } from '../../onnx/graph/elements.ts';
import { allocate, sizeOf, toBytes, type DataType, type TensorData } from '../../onnx/graph/tensor.ts';
import { transposedRows } from '../../onnx/graph/transposed.ts';
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
  return { name, dtype, dims, float32Pieces: (transposed) => float32Pieces(file, stored, { transposed }) };
}

/** Elements of a piece: 16 MB, or 32 MB of float64. */
const usualPiece = 1 << 22;

/**
 * A tensor's elements as CheckpointTensor's float32Pieces. Only a piece is in memory as float32: a large tensor of 16-bit floats would take twice
 * its file. Where the order is not the file's, all of the tensor is, in its own type.
 * @param options.piece elements of a piece at most.
 * @throws WeightFileError as float32Pieces.
 */
export async function* float32Pieces(
  file: WeightFile,
  stored: Stored,
  {
    transposed = false,
    piece = usualPiece,
  }: { readonly transposed?: boolean | undefined; readonly piece?: number } = {},
): AsyncGenerator<Float32Array<ArrayBuffer>> {
  const { name, dtype, dims, start } = stored;
  if (!floats.has(dtype)) {
    throw new WeightFileError(file.path, `tensor ${quoted(name)} is of type ${dtype}, where floats are needed`);
  }
  const count = elementCount(dims);
  if (count === 0) return;
  const axes = axesOf(dims, stored.strides ?? denseStrides(dims));
  if (transposed) {
    const [rows = 1, columns = 1] = dims;
    const elements = await readElements(file, stored, axes, piece);
    const atOnce = Math.max(1, Math.floor(piece / rows));
    for (let from = 0; from < columns; from += atOnce) {
      const some = Math.min(atOnce, columns - from);
      const turned = allocate(dtype, some * rows);
      transposedRows(elements as Elements, [rows, columns], [from, from + some], turned as Elements);
      yield widened(dtype, turned);
    }
    return;
  }
  // Dense: then all axes are one.
  const inOrder = axes.length <= 1 && axes.every(({ stride }) => stride === 1);
  const elements = inOrder ? undefined : await readElements(file, stored, axes, piece);
  for (let done = 0; done < count; done += piece) {
    const some = Math.min(piece, count - done);
    let data = elements?.subarray(done, done + some);
    if (data === undefined) {
      data = allocate(dtype, some);
      await file.read(toBytes(data), start + done * data.BYTES_PER_ELEMENT);
    }
    yield widened(dtype, data);
  }
}

function widened(type: DataType, data: TensorData): Float32Array<ArrayBuffer> {
  const elements = elementsOf({ type, dims: [data.length], data });
  return elements instanceof Float32Array ? elements : new Float32Array(elements);
}

/** All elements in their own type, row-major. Beside them only a piece is in memory, whatever the strides. */
async function readElements(
  file: WeightFile,
  { dtype, dims, start }: Stored,
  axes: readonly Axis[],
  piece: number,
): Promise<TensorData> {
  const result = allocate(dtype, elementCount(dims));
  if (axes.length <= 1 && axes.every(({ stride }) => stride === 1)) {
    await file.read(toBytes(result), start);
    return result;
  }
  const fill = async (part: readonly Axis[], position: number, index: number): Promise<void> => {
    const span = reach(part);
    const [outer, ...inner] = part;
    if (span <= piece || outer === undefined) {
      const data = allocate(dtype, span);
      await file.read(toBytes(data), start + position * data.BYTES_PER_ELEMENT);
      scatter(data as Elements, part, result as Elements, index);
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
function scatter(from: Elements, axes: readonly Axis[], result: Elements, index: number, position = 0): void {
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
