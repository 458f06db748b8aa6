/** The movement of a window over the spatial axes of a convolution or a pool, with defaults and automatic padding made explicit. */

import {
  intsAttribute,
  ints,
  intAttribute,
  int,
  stringAttribute,
  type Attributes,
  type Node,
} from '../../onnx/graph/graph.ts';

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros before and behind each spatial axis; negative behind it where the last elements are never read. */
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly groups: number;
}

/** The window of a node that reads `wide` and writes `narrow` positions along each spatial axis (ConvTranspose: the other way round). */
export function windowOf(
  node: Node,
  kernel: readonly number[],
  wide: readonly number[],
  narrow: readonly number[],
): Window {
  const ones = kernel.map(() => 1);
  const strides = intsAttribute(node, 'strides') ?? ones;
  const dilations = intsAttribute(node, 'dilations') ?? ones;
  const totals = kernel.map((size, i) => reach(size, narrow[i], strides[i], dilations[i]) - (wide[i] ?? 1));
  const begins = beginsOf(node, totals);
  return {
    kernel,
    strides,
    dilations,
    begins,
    ends: totals.map((total, i) => total - (begins[i] ?? 0)),
    groups: intAttribute(node, 'group', 1),
  };
}

/** Attributes of an operator with this window. The ends default to the window's, clipped at 0 because onnxruntime accepts no negative ones. */
export function windowAttributes(window: Window, ends: readonly number[] = window.ends): Attributes {
  return {
    group: int(window.groups),
    strides: ints(window.strides),
    dilations: ints(window.dilations),
    pads: ints([...window.begins, ...ends.map((end) => Math.max(end, 0))]),
  };
}

/** The elements from the first to the last that a window reads over `places` positions. */
function reach(kernel: number, places = 1, stride = 1, dilation = 1): number {
  return (places - 1) * stride + (kernel - 1) * dilation + 1;
}

/** The padding before each axis. Automatic padding is half of the total, with the odd element behind or before. */
function beginsOf(node: Node, totals: readonly number[]): readonly number[] {
  const padding = stringAttribute(node, 'auto_pad', 'NOTSET');
  const given = intsAttribute(node, 'pads');
  const automatic = padding.startsWith('SAME') || intsAttribute(node, 'output_shape') !== undefined;
  if (!automatic) return totals.map((_, i) => (padding === 'NOTSET' ? (given?.[i] ?? 0) : 0));
  // ConvTranspose with a given output shape pads like SAME_LOWER, unless it is set to SAME_UPPER.
  return totals.map((total) => (padding === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2)));
}
