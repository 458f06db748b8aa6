/** Axes: maps values to positions in a drawing, and chooses round tick values. */

export interface Scale {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  readonly at: (value: number) => number;
}

/**
 * A linear scale over all values. Its ends are ticks, which are 1, 2 or 5 times a power of ten apart.
 * @param from position of the lowest tick. @param to position of the highest.
 */
export function linearScale(values: readonly number[], from: number, to: number, most = 8): Scale {
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  const spread = greatest > least ? greatest - least : Math.max(Math.abs(greatest) * 0.1, 1e-3);
  const step = niceStep(spread / most);
  const low = Math.floor(least / step + 1e-9) * step;
  const high = Math.max(low + step, Math.ceil(greatest / step - 1e-9) * step);
  const count = Math.round((high - low) / step);
  return {
    low,
    high,
    ticks: Array.from({ length: count + 1 }, (_, i) => low + i * step),
    at: (value) => from + ((value - low) / (high - low)) * (to - from),
  };
}

/** The smallest of 1, 2, 5, 10, 20 … that is not below. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}
