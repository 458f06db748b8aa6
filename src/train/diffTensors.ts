/** How much two tensors of weights differ, element by element. */

import { elementsOf } from '../onnx/elements.ts';
import type { Tensor } from '../onnx/tensor.ts';
import { transposed } from '../onnx/transposed.ts';

export interface TensorDiff {
  /** The share of elements that differ, 0 to 1. Zeros of both signs are equal, and so are two that are no numbers. */
  readonly changed: number;
  /** Elements that are zero in neither, over those that are not zero in both at once (Jaccard index); 1 if all are zero. */
  readonly overlap: number;
}

/** @param turned b is a's matrix, transposed. @returns undefined if the shapes differ. */
export function diffTensors(a: Tensor, b: Tensor, turned: boolean): TensorDiff | undefined {
  const dims = turned ? [...b.dims].reverse() : b.dims;
  if (a.dims.length !== dims.length || a.dims.some((dim, axis) => dim !== dims[axis])) return undefined;
  const own = elementsOf(a);
  const other = turned ? transposed(elementsOf(b), b.dims) : elementsOf(b);
  let [changed, both, either] = [0, 0, 0];
  for (let i = 0; i < own.length; i++) {
    const x = own[i] ?? 0;
    const y = other[i] ?? 0;
    // Only what is no number differs from itself.
    if (x !== y && (x === x || y === y)) changed++;
    if (x !== 0 || y !== 0) {
      either++;
      if (x !== 0 && y !== 0) both++;
    }
  }
  return { changed: own.length === 0 ? 0 : changed / own.length, overlap: either === 0 ? 1 : both / either };
}
