/** Curves of several runs on one grid: a chart has one list of places for all of its lines. */

export interface Sampled {
  /** Rising. */
  readonly x: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  /** Entries that count. */
  readonly count: number;
}

/** Places of the grid: a chart is not wider. */
const most = 800;

/** An even grid over all curves, and each curve on it: on the line between its two values around a place, NaN outside. */
export function onOneGrid(curves: readonly Sampled[]): { readonly x: Float64Array; readonly lines: Float32Array[] } {
  const filled = curves.filter(({ count }) => count > 0);
  const first = Math.min(...filled.map(({ x }) => x[0] ?? Infinity));
  const last = Math.max(...filled.map(({ x, count }) => x[count - 1] ?? -Infinity));
  if (!(first <= last)) return { x: new Float64Array(), lines: curves.map(() => new Float32Array()) };
  const places = last > first ? Math.min(most, Math.max(2, ...filled.map(({ count }) => count))) : 1;
  const x = Float64Array.from({ length: places }, (_, at) =>
    places === 1 ? first : first + (at / (places - 1)) * (last - first),
  );
  return { x, lines: curves.map((curve) => onGrid(curve, x)) };
}

function onGrid({ x, values, count }: Sampled, grid: Float64Array): Float32Array {
  let row = 0;
  const half = grid.length > 1 ? ((grid[1] ?? 0) - (grid[0] ?? 0)) / 2 : 0;
  return Float32Array.from(grid, (place) => {
    while (row + 1 < count && (x[row + 1] ?? Infinity) <= place) row += 1;
    const [from, to] = [x[row] ?? NaN, x[row + 1] ?? NaN];
    const value = values[row] ?? NaN;
    // A curve begins and ends between two places.
    if (count === 0 || place < from - half || (row === count - 1 && place > from + half)) return NaN;
    if (row === count - 1 || place <= from || !(to > from)) return value;
    return value + ((place - from) / (to - from)) * ((values[row + 1] ?? NaN) - value);
  });
}

/** Points of several runs at all of their places; NaN where a run has none. */
export function atAllPlaces(curves: readonly Sampled[]): { readonly x: number[]; readonly lines: number[][] } {
  const x = [...new Set(curves.flatMap((curve) => Array.from(curve.x).slice(0, curve.count)))].sort((a, b) => a - b);
  const lines = curves.map((curve) => {
    const own = new Map(
      Array.from(curve.x)
        .slice(0, curve.count)
        .map((place, row) => [place, curve.values[row] ?? NaN]),
    );
    return x.map((place) => own.get(place) ?? NaN);
  });
  return { x, lines };
}
