/** Transposes matrices. */

import type { Elements } from './elements.ts';

/** The transpose of a matrix with so many rows and columns. It is made in blocks, so that both sides stay in the processor's cache. */
export function transposed(elements: Elements, dims: readonly number[]): Float64Array<ArrayBuffer>;
export function transposed<T extends Elements>(elements: Elements, dims: readonly number[], turned: T): T;
export function transposed(
  elements: Elements,
  dims: readonly number[],
  turned: Elements = new Float64Array(elements.length),
): Elements {
  transposedRows(elements, dims, [0, dims[1] ?? 1], turned);
  return turned;
}

/** Some rows of the transpose, from `first` up to `last`, into an array of their size. */
export function transposedRows(
  elements: Elements,
  [rows = 1, columns = 1]: readonly number[],
  [first, last]: readonly [first: number, last: number],
  turned: Elements,
): void {
  const block = 32;
  for (let top = 0; top < rows; top += block) {
    for (let left = first; left < last; left += block) {
      const [bottom, right] = [Math.min(rows, top + block), Math.min(last, left + block)];
      for (let column = left; column < right; column++) {
        // Written one behind the other, which is worth more than reading so.
        for (let row = top; row < bottom; row++) {
          turned[(column - first) * rows + row] = elements[row * columns + column] ?? 0;
        }
      }
    }
  }
}
