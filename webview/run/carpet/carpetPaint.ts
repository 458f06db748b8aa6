/** Paints a carpet into pixels: one row of pixels for each layer, one column for each of the screen's. */

import type { Series } from '../../../src/protocol/series.ts';
import { parseColour, type Shade } from '../../ui/sparsity/colourScale.ts';

/** Pixels as canvases have them, by whole percent; the last is that of an unknown number. */
export function inkOf(shades: readonly Shade[]): Uint32Array {
  const ink = new Uint32Array(shades.length + 1);
  for (const [percent, { background }] of shades.entries()) {
    const [red, green, blue] = parseColour(background).map((part) => Math.round(255 * part)) as [
      number,
      number,
      number,
    ];
    ink[percent] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  }
  return ink;
}

/**
 * The series' row that is seen in each column: the last one that is not after the column's step. -1 before the first, and where the run has ended.
 * @param stepAt the step at the middle of a column.
 */
export function rowsOfColumns(
  { steps, count }: Series,
  width: number,
  stepAt: (column: number) => number,
): Int32Array<ArrayBuffer> {
  const rows = new Int32Array(width);
  let row = -1;
  for (let column = 0; column < width; column++) {
    const step = stepAt(column) + 1e-6;
    while (row + 1 < count && (steps[row + 1] ?? Infinity) <= step) row += 1;
    rows[column] = row === count - 1 && step >= (steps[row] ?? 0) + 1 ? -1 : row;
  }
  return rows;
}

/** @param pixels of `layers.length` rows. @param layers the layer of each row. */
export function paintCarpet(
  pixels: Uint32Array,
  { sparsities, layers: { length: across } }: Series,
  layers: readonly number[],
  rowOfColumn: Int32Array,
  ink: Uint32Array,
): void {
  const width = rowOfColumn.length;
  const unknown = ink.length - 1;
  for (const [y, layer] of layers.entries()) {
    let painted = -2;
    let colour = 0;
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const row = rowOfColumn[x] ?? -1;
      if (row !== painted) {
        painted = row;
        const share = row < 0 ? NaN : (sparsities[row * across + layer] ?? NaN);
        colour = ink[share >= 0 ? Math.min(100, Math.round(100 * share)) : unknown] ?? 0;
      }
      pixels[at] = colour;
    }
  }
}
