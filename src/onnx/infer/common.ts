/** Helpers of all shape functions: reading inputs and axes, broadcasting, and error messages. */

import type { Operand, Value, ValueType } from '../graph/value.ts';
import { dataTypeOf } from '../file/dataTypes.ts';
import { describe, type Node } from '../graph/graph.ts';
import { toNumbers, type DataType } from '../graph/tensor.ts';

/** The types of a node's outputs. Inputs have known shapes; those that must be constant (axes, shapes) carry `constant`. */
export type Infer = (node: Node, inputs: readonly Operand[]) => readonly ValueType[];

export type InferTable = Readonly<Record<string, Infer>>;

/** An error that names the node, the shapes of its inputs and the reason. */
export function misfit(node: Node, inputs: readonly Operand[], reason: string): Error {
  const shapes = inputs.map((input) => (input ? `${input.type}[${input.dims.join(',')}]` : 'none')).join(' ');
  return new Error(`${describe(node)} with inputs ${shapes}: ${reason}`);
}

/** Input `i`. @throws if it is omitted. */
export function required(node: Node, inputs: readonly Operand[], i: number): Value {
  const input = inputs[i];
  if (!input) throw misfit(node, inputs, `input ${i} is missing`);
  return input;
}

/** The elements of input `i` as numbers; undefined if the input is omitted. @throws if they are unknown. */
export function known(node: Node, inputs: readonly Operand[], i: number): number[] | undefined {
  const input = inputs[i];
  if (!input) return undefined;
  if (!input.constant) throw misfit(node, inputs, `input ${i} depends on data, so the output's shape is not fixed`);
  return toNumbers(input.constant);
}

/** The elements of input `i`. @throws if it is omitted or unknown. */
export function requiredKnown(node: Node, inputs: readonly Operand[], i: number): number[] {
  required(node, inputs, i);
  return known(node, inputs, i) ?? [];
}

/** An axis counted from the front. @param length one more than the largest axis. @throws if it is out of range. */
export function frontAxis(node: Node, inputs: readonly Operand[], axis: number, length: number): number {
  if (axis < -length || axis >= length) throw misfit(node, inputs, `axis ${axis} is out of range`);
  return axis < 0 ? axis + length : axis;
}

/** The shape that several shapes broadcast to, by NumPy's rules. @throws if they do not fit. */
export function broadcast(node: Node, inputs: readonly Operand[], shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((dims) => dims.length));
  const result = new Array<number>(rank).fill(1);
  for (const dims of shapes) {
    dims.forEach((dim, i) => {
      const at = rank - dims.length + i;
      if (dim === 1 || dim === result[at]) return;
      if (result[at] !== 1) throw misfit(node, inputs, 'the shapes do not broadcast');
      result[at] = dim;
    });
  }
  return result;
}

/** One output with a type and shape. */
export function one(type: DataType, dims: readonly number[]): readonly ValueType[] {
  return [{ type, dims }];
}

/** The output has the type and shape of input `i`. */
export function like(i: number): Infer {
  return (node, inputs) => {
    const { type, dims } = required(node, inputs, i);
    return one(type, dims);
  };
}

/** @throws unless all given inputs have the same element type. */
export function sameTypes(node: Node, inputs: readonly Operand[]): DataType {
  const { type } = required(node, inputs, 0);
  if (inputs.some((input) => input && input.type !== type)) throw misfit(node, inputs, 'the element types differ');
  return type;
}

export function product(dims: readonly number[]): number {
  return dims.reduce((total, dim) => total * dim, 1);
}

/** The element type of an attribute such as Cast's `to`. @throws if it is missing or a type that Pinch does not compute with. */
export function elementType(node: Node, number: number | undefined): DataType {
  const type = number === undefined ? undefined : dataTypeOf(number);
  if (type === undefined) throw new Error(`${describe(node)}: element type ${number ?? '(none)'} is not supported`);
  return type;
}
