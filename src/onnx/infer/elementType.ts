/** ONNX's numbers for element types (TensorProto.DataType), as they stand in attributes such as Cast's `to`. */

import { describe, type Node } from '../graph.ts';
import type { DataType } from '../tensor.ts';

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

/** The element type with a number. @throws if the attribute is missing or names a type Pinch does not hold. */
export function elementType(node: Node, number: number | undefined): DataType {
  for (const [type, held] of Object.entries(numbers)) if (held === number) return type as DataType;
  throw new Error(`${describe(node)}: element type ${number ?? '(none)'} is not supported`);
}

/** ONNX's number for an element type. */
export function elementTypeNumber(type: DataType): number {
  return numbers[type];
}
