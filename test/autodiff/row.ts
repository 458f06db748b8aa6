/** Short ways to write a row of the gradient check. */

import { int, type Attributes } from '../../src/onnx/graph/graph.ts';
import { int64 } from '../../src/onnx/graph/tensor.ts';
import type { Row } from './gradientCheck.ts';

export type Options = Omit<Row, 'op' | 'case' | 'shapes' | 'attributes'>;

/** Shapes are written as in "2x3 3 scalar". */
export const row = (
  op: string,
  title: string,
  shapes: string,
  attributes: Attributes = {},
  options: Options = {},
): Row => ({
  op,
  case: title,
  shapes: shapes.split(' ').map((shape) => (shape === 'scalar' ? [] : shape.split('x').map(Number))),
  attributes,
  ...options,
});

/** Indices as the second operand. */
export const indices = (values: readonly number[], dims?: readonly number[]): Options => ({
  operands: (b, x) => [x[0], b.constant(int64(values, dims)), ...x.slice(1)],
});
/** Integer lists behind the checked inputs: axes, shapes, sizes. */
export const lists = (...operands: readonly (readonly number[])[]): Options => ({
  operands: (b, x) => [...x, ...operands.map((values) => b.ints(values))],
});
export const axisOf = (axis: number): Attributes => ({ axis: int(axis) });
