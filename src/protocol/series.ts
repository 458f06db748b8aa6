/** A run's history, thinned to the resolution of a chart: the host makes it from the whole file, the webview appends to it by the same rule. */

import type { StepRecord } from './records.ts';

/** Maximum number of rows. Even, so that every other row can be dropped. */
export const longestSeries = 1000;

/** Maximum number of layers; models have hundreds. */
export const mostLayers = 4096;

/**
 * Row `i` is the `i · stride`-th step of the run; the last row is always the newest step, on that grid or not. The arrays hold `capacity`
 * rows, of which the first `count` are filled. An unknown number is NaN. Plain data, so that it can be posted to a webview.
 */
export interface Series {
  readonly layers: readonly string[];
  readonly capacity: number;
  /** Number of filled rows. */
  count: number;
  /** Steps from one row to the next. */
  stride: number;
  /** Steps appended so far. */
  total: number;
  readonly steps: Float64Array;
  readonly loss: Float32Array;
  /** Fractions of the gated weights. */
  readonly sparsity: Float32Array;
  readonly sparsityTarget: Float32Array;
  /** Row by row, a number for each of `layers`. */
  readonly thresholds: Float32Array;
  readonly sparsities: Float32Array;
}

const columns = ['steps', 'loss', 'sparsity', 'sparsityTarget'] as const;
const tables = ['thresholds', 'sparsities'] as const;

/** What a step says of the gated layers, in the order of the start line. NaN where a method has no threshold, or nothing is known. */
export interface LayerNumbers {
  /** In units of the layer's root-mean-square weight before training. */
  readonly thresholds: Float32Array;
  /** Fractions. */
  readonly sparsities: Float32Array;
}

/** A step with its layers, as cells and charts show it. The arrays have buffers of their own, so that they can be posted. */
export interface StepPoint
  extends
    LayerNumbers,
    Pick<StepRecord, 'step' | 'loss' | 'sparsity' | 'sparsityTarget' | 'secondsPerStep' | 'audioSecondsPerSecond'>,
    Pick<StepRecord, 'ctcLoss' | 'gradientNorm' | 'learningRate'> {
  /** When it ended, in milliseconds since 1970. */
  readonly time: number;
}

export function unknownLayers(count: number): LayerNumbers {
  return { thresholds: new Float32Array(count).fill(NaN), sparsities: new Float32Array(count).fill(NaN) };
}

/** @param capacity even, at least 2. */
export function newSeries(layers: readonly string[], capacity = longestSeries): Series {
  const kept = layers.slice(0, mostLayers);
  return {
    layers: kept,
    capacity,
    count: 0,
    stride: 1,
    total: 0,
    steps: new Float64Array(capacity),
    loss: new Float32Array(capacity),
    sparsity: new Float32Array(capacity),
    sparsityTarget: new Float32Array(capacity),
    thresholds: new Float32Array(capacity * kept.length),
    sparsities: new Float32Array(capacity * kept.length),
  };
}

/**
 * Adds the next step. When all rows are taken, every other one goes, and from then on half as many steps are kept.
 * @param point without layers if `setLayers` gives them later.
 */
export function appendPoint(
  series: Series,
  point: Pick<StepPoint, 'step' | 'loss' | 'sparsity' | 'sparsityTarget'> & Partial<LayerNumbers>,
): void {
  const newestIsBetween = series.total > 0 && (series.total - 1) % series.stride !== 0;
  if (newestIsBetween) series.count -= 1;
  else if (series.count === series.capacity) thin(series);
  series.steps[series.count] = point.step;
  series.loss[series.count] = point.loss;
  series.sparsity[series.count] = point.sparsity;
  series.sparsityTarget[series.count] = point.sparsityTarget;
  const { thresholds, sparsities } = point;
  if (thresholds && sparsities) setLayers(series, series.count, { thresholds, sparsities });
  series.count += 1;
  series.total += 1;
}

/** Writes the layers' numbers of a row. */
export function setLayers({ layers, thresholds, sparsities }: Series, row: number, numbers: LayerNumbers): void {
  thresholds.set(numbers.thresholds, row * layers.length);
  sparsities.set(numbers.sparsities, row * layers.length);
}

/** Rows that make a first picture: they are with a page in a tenth of the time that all of them take. */
export const firstRows = 128;

/**
 * A copy to be sent: no room behind the last row, and at most `most` rows, thinned as `appendPoint` thins.
 * @param most even, at least 2.
 */
export function packSeries(series: Series, most = series.capacity): Series {
  const { layers, total, count } = series;
  let { stride } = series;
  const needed = (): number => (total === 0 ? 0 : 1 + Math.ceil((total - 1) / stride));
  while (needed() > most) stride *= 2;
  const apart = stride / series.stride;
  // The newest step is the last row, on the grid or not.
  const rows = Array.from({ length: needed() }, (_, row) => Math.min(row * apart, count - 1));
  const packed = { ...newSeries(layers, rows.length), ...{ capacity: Math.min(series.capacity, most) } };
  for (const [to, from] of rows.entries()) {
    for (const key of columns) packed[key][to] = series[key][from] ?? NaN;
    setLayers(packed, to, pointOfRow(series, from));
  }
  return { ...packed, count: rows.length, stride, total };
}

/** A packed series with room for what `appendPoint` adds. */
export function unpackSeries(packed: Series): Series {
  const { layers, capacity, count, stride, total } = packed;
  const series = { ...newSeries(layers, capacity), count, stride, total };
  for (const key of [...columns, ...tables]) series[key].set(packed[key]);
  return series;
}

/** The row nearest to a step, of two the earlier one; the newest for null. Undefined without rows. */
export function rowAt({ count, steps }: Series, step: number | null): number | undefined {
  if (count === 0) return undefined;
  const newest = count - 1;
  if (step === null) return newest;
  let [low, high] = [0, newest];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? 0) < step) low = middle + 1;
    else high = middle;
  }
  const after = steps[low] ?? 0;
  const before = steps[low - 1];
  return before !== undefined && step - before <= after - step ? low - 1 : low;
}

/** A row as a step; what a series does not have is NaN. */
export function pointOfRow(series: Series, row: number): StepPoint {
  const across = series.layers.length;
  const pick = (table: Float32Array): Float32Array => table.subarray(row * across, (row + 1) * across);
  return {
    ...unknownPoint,
    step: series.steps[row] ?? NaN,
    loss: series.loss[row] ?? NaN,
    sparsity: series.sparsity[row] ?? NaN,
    sparsityTarget: series.sparsityTarget[row] ?? NaN,
    thresholds: pick(series.thresholds),
    sparsities: pick(series.sparsities),
  };
}

/** A step of which nothing is known. */
export const unknownPoint: StepPoint = {
  step: NaN,
  time: NaN,
  loss: NaN,
  ctcLoss: NaN,
  sparsity: NaN,
  sparsityTarget: NaN,
  gradientNorm: NaN,
  learningRate: NaN,
  secondsPerStep: NaN,
  audioSecondsPerSecond: NaN,
  thresholds: new Float32Array(),
  sparsities: new Float32Array(),
};

/** All rows here are on the grid, so every other one is on the grid of the double stride. */
function thin(series: Series): void {
  const { layers } = series;
  series.count = series.capacity / 2;
  series.stride *= 2;
  for (let row = 1; row < series.count; row++) {
    for (const key of columns) series[key][row] = series[key][2 * row] ?? NaN;
    for (const key of tables) {
      const from = 2 * row * layers.length;
      series[key].copyWithin(row * layers.length, from, from + layers.length);
    }
  }
}
