import type { Builder, Value } from '../onnx/builder.ts';
import { int } from '../onnx/graph.ts';

/** Sums a gradient over the axes along which an operator broadcast its input, giving the input's shape `dims`. */
export function sumTo(b: Builder, gradient: Value, dims: readonly number[]): Value {
  const same = gradient.dims.length === dims.length && gradient.dims.every((dim, i) => dim === dims[i]);
  if (same) return gradient;
  const extra = gradient.dims.length - dims.length;
  if (extra < 0) return b.op('Expand', [gradient, b.ints(dims)]);
  const axes = gradient.dims.flatMap((dim, i) => (i < extra || (dims[i - extra] === 1 && dim !== 1) ? [i] : []));
  const kept = axes.length === 0 ? gradient : b.op('ReduceSum', [gradient, b.ints(axes)], { keepdims: int(1) });
  return extra === 0 ? kept : b.op('Reshape', [kept, b.ints(dims)]);
}
