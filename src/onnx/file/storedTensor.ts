/** The elements of a tensor in an ONNX file, in any of its storage forms. */

import { TensorProto_DataLocation, type TensorProto } from 'onnx-buf';
import { dataTypeOf } from './dataTypes.ts';
import { readRange, type ByteRange } from './external.ts';
import { allocate, bytesPerElement, fromBytes, type DataType, type Tensor } from '../graph/tensor.ts';

/** Finds the bytes of a tensor kept in another file; see ExternalData. */
export type Locate = (tensor: TensorProto, size: number) => ByteRange;

/** Tensors whose elements are not read yet, with the place of their bytes: in another file, or in the model's own memory. */
const unread = new WeakMap<Tensor, ByteRange | Uint8Array>();

/** The place of a stored tensor's bytes, little-endian, as long as its `data` does not exist; see piecesOf. */
export function unreadBytes(tensor: Tensor): ByteRange | Uint8Array | undefined {
  return unread.get(tensor);
}

export function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === TensorProto_DataLocation.EXTERNAL;
}

/**
 * A tensor whose shape and size are checked now and whose elements are created on first use: a view of the file's bytes if they are aligned, so
 * do not write to it. Undefined for element types that Pinch does not compute with.
 * @throws Error with a sentence about the tensor if its content does not fit its shape.
 */
export function storedTensor(tensor: TensorProto, locate: Locate): Tensor | undefined {
  const type = dataTypeOf(tensor.dataType);
  if (type === undefined) return undefined;
  const dims = tensor.dims.map(Number);
  const length = dims.reduce((product, dim) => product * dim, 1);
  if (!dims.every((dim) => dim >= 0) || !Number.isSafeInteger(length)) {
    throw new Error(`tensor "${tensor.name}" has the impossible shape [${dims.join(', ')}]`);
  }
  const { bytes, make } = reader(tensor, type, length, locate);
  let data: Tensor['data'] | undefined;
  // The getter is the object's own property, so that spreading the tensor keeps the elements.
  const stored: Tensor = {
    type,
    dims,
    get data() {
      if (data === undefined) {
        data = make();
        unread.delete(stored);
      }
      return data;
    },
  };
  if (bytes) unread.set(stored, bytes);
  if (isExternal(tensor)) readers.set(stored, make);
  return stored;
}

/** Reads the elements of tensors in data files, into new memory each time. */
const readers = new WeakMap<Tensor, () => Tensor['data']>();

/**
 * A tensor whose elements belong to the caller, who may write to them. External data is read for the caller only: if the stored tensor kept it
 * too, a model's weights would be in memory twice.
 */
export function ownTensor(stored: Tensor): Tensor {
  const { type, dims } = stored;
  return { type, dims, data: readers.get(stored)?.() ?? stored.data.slice() };
}

interface Reader {
  readonly make: () => Tensor['data'];
  /** Undefined if the elements are stored number by number. */
  readonly bytes?: ByteRange | Uint8Array;
}

function reader(tensor: TensorProto, type: DataType, length: number, locate: Locate): Reader {
  const size = length * bytesPerElement(type);
  if (isExternal(tensor)) {
    const range = locate(tensor, size);
    return { bytes: range, make: () => fromBytes(type, readRange(range)) };
  }
  const { rawData } = tensor;
  if (rawData.byteLength > 0) {
    if (rawData.byteLength !== size) throw wrongSize(tensor, length, rawData.byteLength / bytesPerElement(type));
    return { bytes: rawData, make: () => fromBytes(type, rawData) };
  }
  const elements = typedElements(tensor, type);
  if (elements.length !== length) throw wrongSize(tensor, length, elements.length);
  const make = (): Tensor['data'] => {
    const data = allocate(type, length);
    // A field's numbers have the type that its array takes; TypeScript cannot see which.
    for (const [i, element] of elements.entries()) (data as { [i: number]: number | bigint })[i] = element;
    return data;
  };
  return { make };
}

/** The older form: elements as numbers in a field by type (onnx.proto, TensorProto). */
function typedElements(tensor: TensorProto, type: DataType): readonly (number | bigint)[] {
  switch (type) {
    case 'float32':
      return tensor.floatData;
    case 'float64':
      return tensor.doubleData;
    case 'int64':
      return tensor.int64Data;
    case 'uint64':
      return tensor.uint64Data;
    case 'uint32':
      return tensor.uint64Data.map(Number);
    case 'int32':
    case 'int16':
    case 'int8':
    case 'uint16':
    case 'uint8':
    case 'bool':
    case 'float16':
    case 'bfloat16':
      return tensor.int32Data;
  }
}

function wrongSize(tensor: TensorProto, wanted: number, found: number): Error {
  const shape = tensor.dims.join(', ');
  return new Error(`tensor "${tensor.name}" of shape [${shape}] needs ${wanted} elements, but the file has ${found}`);
}
