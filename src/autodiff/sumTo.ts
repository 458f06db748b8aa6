/** Undoes broadcasting: brings a gradient to the shape of the value it belongs to. */

import type { Builder } from '../onnx/graph/builder.ts';
import type { Value } from '../onnx/graph/value.ts';
import { int } from '../onnx/graph/graph.ts';

/**
 * Sums a gradient over the axes along which an operator broadcast its input, and repeats it along axes where it has one element. The result has
 * the input's shape `dims`.
 */
export function sumTo(b: Builder, gradient: Value, dims: readonly number[]): Value {
  const same = sameDims(gradient.dims, dims);
  if (same) return gradient;
  const extra = gradient.dims.length - dims.length;
  const axes = gradient.dims.flatMap((dim, i) => (i < extra || (dims[i - extra] === 1 && dim !== 1) ? [i] : []));
  const summed = axes.length === 0 ? gradient : b.op('ReduceSum', [gradient, b.ints(axes)], { keepdims: int(1) });
  const cut = extra > 0 ? b.op('Reshape', [summed, b.ints(summed.dims.slice(extra))]) : summed;
  return sameDims(cut.dims, dims) ? cut : b.op('Expand', [cut, b.ints(dims)]);
}

function sameDims(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((dim, i) => dim === right[i]);
}
