/** Arrow keys in the heatmap, which may have holes and rows of different length. */

export type GridMove = 'left' | 'right' | 'up' | 'down' | 'first' | 'last';

/**
 * The next layer, or undefined if there is none in that direction.
 * @param rows layers, row by row. @param far `first` and `last` are those of the grid, not of the row.
 */
export function moveFocus(
  rows: readonly (readonly (number | undefined)[])[],
  from: number,
  move: GridMove,
  far: boolean,
): number | undefined {
  const row = rows.findIndex((cells) => cells.includes(from));
  const column = rows[row]?.indexOf(from) ?? -1;
  if (column < 0) return undefined;
  switch (move) {
    case 'left':
      return rows[row]?.slice(0, column).findLast(isLayer);
    case 'right':
      return rows[row]?.slice(column + 1).find(isLayer);
    case 'up':
      return nearest(rows.slice(0, row).findLast(hasLayers), column);
    case 'down':
      return nearest(rows.slice(row + 1).find(hasLayers), column);
    case 'first':
      return (far ? rows.flat() : rows[row])?.find(isLayer);
    case 'last':
      return (far ? rows.flat() : rows[row])?.findLast(isLayer);
  }
}

const isLayer = (cell: number | undefined): cell is number => cell !== undefined;
const hasLayers = (cells: readonly (number | undefined)[]): boolean => cells.some(isLayer);

/** The layer in a row that is nearest to a column; of two, the left one. */
function nearest(cells: readonly (number | undefined)[] | undefined, column: number): number | undefined {
  let best: { layer: number; distance: number } | undefined;
  for (const [at, layer] of cells?.entries() ?? []) {
    const distance = Math.abs(at - column);
    if (layer !== undefined && (!best || distance < best.distance)) best = { layer, distance };
  }
  return best?.layer;
}
