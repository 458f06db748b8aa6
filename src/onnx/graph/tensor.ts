/** Tensors in ordinary memory: ONNX's element types and the typed arrays that hold them. */

/** ONNX element types that Pinch computes with or passes on. `float16` and `bfloat16` are stored as bits. */
export type DataType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool';

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

export type TensorData = InstanceType<(typeof arrays)[DataType]>;

/** A dense tensor, row-major. `data.length` is the product of `dims` (1 for a scalar, whose `dims` are empty). */
export interface Tensor {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** The number of elements of a shape: 1 for a scalar. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Bytes one element takes. */
export function bytesPerElement(type: DataType): number {
  return arrays[type].BYTES_PER_ELEMENT;
}

/** A zero-filled array for `length` elements of `type`. */
export function allocate(type: DataType, length: number): TensorData {
  return new arrays[type](length);
}

/**
 * Little-endian bytes as elements of `type`: a view if they are aligned, otherwise a copy.
 * @throws RangeError if the length is not a whole number of elements.
 */
export function fromBytes(type: DataType, bytes: Uint8Array): TensorData {
  const make = arrays[type];
  const width = make.BYTES_PER_ELEMENT;
  if (bytes.byteLength % width !== 0) {
    throw new RangeError(`${bytes.byteLength} bytes are not a whole number of ${type} elements`);
  }
  // Not slice(): that of a Node Buffer makes a view.
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return new make(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / width);
}

/** The same memory as whole numbers, of elements of 32 bits: signed, because differences of unsigned ones leave the processor's integers. */
export function bitsOf({ buffer, byteOffset, length }: Float32Array | TensorData): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}

/** The bytes of a tensor, little-endian, without a copy. */
export function toBytes(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

export function float32(data: Float32Array | readonly number[], dims: readonly number[] = [data.length]): Tensor {
  return {
    type: 'float32',
    dims,
    data: data instanceof Float32Array ? (data as Float32Array<ArrayBuffer>) : Float32Array.from(data),
  };
}

export function int64(values: readonly number[], dims: readonly number[] = [values.length]): Tensor {
  return { type: 'int64', dims, data: BigInt64Array.from(values, (value) => BigInt(value)) };
}

/** A tensor's elements as ordinary numbers. For small tensors: shapes, axes, scalars. */
export function toNumbers(tensor: Tensor): number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}
