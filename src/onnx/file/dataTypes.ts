/** The numbers ONNX files use for element types. */

import type { DataType } from '../graph/tensor.ts';

/** `TensorProto.DataType` of the element types Pinch computes with. */
const numbers: Readonly<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
};

const types = new Map(Object.entries(numbers).map(([type, number]) => [number, type as DataType]));

export function dataTypeNumber(type: DataType): number {
  return numbers[type];
}

/** The element type of a number in a file; undefined for types that Pinch does not compute with (strings, 4-bit and 8-bit floats …). */
export function dataTypeOf(number: number): DataType | undefined {
  return types.get(number);
}
