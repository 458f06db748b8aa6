/** Types and helpers that the rules of all families share. */

import type { Node } from '../../../onnx/graph/graph.ts';
import type { Axes, Axis, ChannelAxes } from '../axes.ts';

/** A node with the known facts about its inputs and outputs. */
export interface Visit {
  readonly node: Node;
  readonly axes: Axes;
  /** The node's name in messages. */
  readonly where: string;
  /** The layout of an input; undefined for an omitted input. */
  readonly inputs: readonly (ChannelAxes | undefined)[];
  /** The dimensions of the outputs; undefined for an omitted output. */
  readonly outputs: readonly (readonly number[] | undefined)[];
  /** The elements of a small integer input, if known. */
  readonly integers: (input: number) => readonly number[] | undefined;
  /** The version of ONNX's own operators. */
  readonly opset: number;
  /** Declares that products along an axis of input `a` and one of input `b` are summed. */
  readonly contract: (a: number, axisOfA: number, b: number, axisOfB: number) => void;
}

/** The layouts of the outputs; undefined if this use of the operator is not supported. */
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

/** The reason for axes along which every element depends on every other. */
export const normalized = 'are normalized together by';
