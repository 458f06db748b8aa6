/** Fuses two scales in front of a matrix product. */

import type { Operand, Value } from '../graph/value.ts';
import type { Rewriter, Simplification } from '../graph/rewriter.ts';

/**
 * (a · s) (b · t) is (a · st) b for scalars s and t. PyTorch's exporters scale both the queries and the keys of attention by the root of the
 * scale; one pass over one of them is enough.
 */
export const oneScale: Simplification = (r, { inputs, options }) => {
  const [left, right] = inputs.map((input) => scaledBy(r, input));
  if (!left || !right) return undefined;
  const scaled = r.op('Mul', [left.x, r.b.scalar(left.scale * right.scale)]);
  return r.op('MatMul', [scaled, right.x], {}, options);
};

/** value = x · scale for a scalar. */
function scaledBy(r: Rewriter, value: Operand): { readonly x: Value; readonly scale: number } | undefined {
  const product = r.producer(value, 'Mul');
  if (!product || value?.type !== 'float32') return undefined;
  for (const [x, factor] of [product.inputs, product.inputs.toReversed()]) {
    const scale = r.uniform(factor);
    const sameShape = x?.dims.join() === value.dims.join();
    if (x && scale !== undefined && sameShape) return { x, scale };
  }
  return undefined;
}
