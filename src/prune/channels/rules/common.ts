/** What the rules of every family share. */

import type { Node } from '../../../onnx/graph/graph.ts';
import type { Axes, Axis, ChannelAxes } from '../axes.ts';

/** A node with what is known of its inputs and outputs. */
export interface Visit {
  readonly node: Node;
  readonly axes: Axes;
  /** How messages name the node. */
  readonly where: string;
  /** The layout of an input; undefined where it is left out. */
  readonly inputs: readonly (ChannelAxes | undefined)[];
  /** The dimensions of the outputs; undefined where one is left out. */
  readonly outputs: readonly (readonly number[] | undefined)[];
  /** The elements of a small input of integers, if they are known. */
  readonly integers: (input: number) => readonly number[] | undefined;
  /** The version of ONNX's own operators. */
  readonly opset: number;
  /** Says that the products along an axis of input `a` and one of input `b` are summed. */
  readonly contract: (a: number, axisOfA: number, b: number, axisOfB: number) => void;
}

/** The layouts of the outputs; undefined if this use of the operator is not known. */
export type ChannelRule = (visit: Visit) => readonly ChannelAxes[] | undefined;

/** The number of indices of an axis. */
export function lengthOf({ axes }: Visit, axis: Axis): number {
  return axes.factors(axis).reduce((product, { size }) => product * size, 1);
}

/** A new axis that is needed whole. */
export function keptAxis({ axes, where }: Visit, size: number): Axis {
  const axis = axes.fresh(size);
  axes.keep(axis, `come from ${where}`);
  return axis;
}

export function keptFresh(visit: Visit, dims: readonly number[] = []): ChannelAxes {
  return dims.map((dim) => keptAxis(visit, dim));
}

/** The reason for axes along which everything depends on everything. */
export const normalized = 'are normalized together by';
