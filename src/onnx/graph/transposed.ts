/** Transposes matrices. */

import type { Elements } from './elements.ts';

/** The transpose of a matrix with so many rows and columns. It is made in blocks, so that both sides stay in the processor's cache. */
export function transposed(elements: Elements, dims: readonly number[]): Float64Array<ArrayBuffer>;
export function transposed<T extends Elements>(elements: Elements, dims: readonly number[], turned: T): T;
export function transposed(
  elements: Elements,
  [rows = 1, columns = 1]: readonly number[],
  turned: Elements = new Float64Array(elements.length),
): Elements {
  const block = 32;
  for (let top = 0; top < rows; top += block) {
    for (let left = 0; left < columns; left += block) {
      const [bottom, right] = [Math.min(rows, top + block), Math.min(columns, left + block)];
      for (let column = left; column < right; column++) {
        // Written one behind the other, which is worth more than reading so.
        for (let row = top; row < bottom; row++) {
          turned[column * rows + row] = elements[row * columns + column] ?? 0;
        }
      }
    }
  }
  return turned;
}
