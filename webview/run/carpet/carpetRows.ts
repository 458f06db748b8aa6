/** The order of a carpet's rows: block by block, and within a block as in the heatmap. */

import { gridLayout } from '../../ui/layers/gridLayout.ts';

export interface CarpetBlock {
  /** The block's number; the whole name of a layer outside blocks. */
  readonly label: string;
  /** The list that it is a block of, for people. */
  readonly title: string;
  readonly first: number;
  readonly count: number;
}

export interface CarpetRows {
  /** The layer of each row. */
  readonly layers: readonly number[];
  readonly blocks: readonly CarpetBlock[];
}

/** @param names of the layers, in the order of the series. */
export function carpetRows(names: readonly string[]): CarpetRows {
  const layers: number[] = [];
  const blocks: CarpetBlock[] = [];
  for (const { title, rows } of gridLayout(names)) {
    for (const { label, cells } of rows) {
      const own = cells.filter((cell) => cell !== undefined);
      blocks.push({ label, title, first: layers.length, count: own.length });
      layers.push(...own);
    }
  }
  return { layers, blocks };
}
