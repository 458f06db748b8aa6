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

/** The numbers of a step in the series; `thresholds` and `sparsities` in the order of its layers. */
export interface SeriesPoint extends Pick<StepRecord, 'step' | 'loss' | 'sparsity' | 'sparsityTarget'> {
  readonly thresholds: ArrayLike<number>;
  readonly sparsities: ArrayLike<number>;
}

/** A point to send: a buffer of its own for each of the two arrays. */
export interface PackedPoint extends SeriesPoint {
  readonly thresholds: Float32Array;
  readonly sparsities: Float32Array;
}

/** A step as a point of a series with these layers. A layer that the step does not have is NaN. */
export function seriesPoint(record: StepRecord, layers: readonly string[]): PackedPoint {
  const { step, loss, sparsity, sparsityTarget } = record;
  const sameOrder = layers.every((name, column) => record.layers[column]?.name === name);
  const byName = sameOrder ? undefined : new Map(record.layers.map((layer) => [layer.name, layer]));
  const thresholds = new Float32Array(layers.length);
  const sparsities = new Float32Array(layers.length);
  for (const [column, name] of layers.entries()) {
    const layer = byName ? byName.get(name) : record.layers[column];
    thresholds[column] = layer?.threshold ?? NaN;
    sparsities[column] = layer?.sparsity ?? NaN;
  }
  return { step, loss, sparsity, sparsityTarget, thresholds, sparsities };
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

/** Adds the next step. When all rows are filled, every other row is dropped, and from then on half as many steps are kept. */
export function appendPoint(series: Series, point: SeriesPoint): void {
  const newestIsBetween = series.total > 0 && (series.total - 1) % series.stride !== 0;
  if (newestIsBetween) series.count -= 1;
  else if (series.count === series.capacity) thin(series);
  writeRow(series, series.count, point);
  series.count += 1;
  series.total += 1;
}

/** The indices of the steps, out of `total`, that a series keeps if they are appended one by one. */
export function keptSteps(
  total: number,
  capacity = longestSeries,
): { readonly stride: number; readonly kept: number[] } {
  const rows = (stride: number): number => Math.ceil(total / stride) + ((total - 1) % stride === 0 ? 0 : 1);
  let stride = 1;
  while (total > 0 && rows(stride) > capacity) stride *= 2;
  const kept = Array.from({ length: Math.ceil(total / stride) }, (_, row) => row * stride);
  if (total > 0 && kept.at(-1) !== total - 1) kept.push(total - 1);
  return { stride, kept };
}

/** The series after `total` appended steps, before its rows are known: `writeRow` fills in each of `keptSteps(total)`. */
export function unfilledSeries(layers: readonly string[], total: number, capacity = longestSeries): Series {
  const series = newSeries(layers, capacity);
  const { stride, kept } = keptSteps(total, capacity);
  const { steps, loss, sparsity, sparsityTarget, thresholds, sparsities } = series;
  for (const column of [steps, loss, sparsity, sparsityTarget, thresholds, sparsities]) column.fill(NaN);
  return Object.assign(series, { count: kept.length, stride, total });
}

export function writeRow(series: Series, row: number, point: SeriesPoint): void {
  const { layers } = series;
  series.steps[row] = point.step;
  series.loss[row] = point.loss;
  series.sparsity[row] = point.sparsity;
  series.sparsityTarget[row] = point.sparsityTarget;
  for (let column = 0; column < layers.length; column++) {
    series.thresholds[row * layers.length + column] = point.thresholds[column] ?? NaN;
    series.sparsities[row * layers.length + column] = point.sparsities[column] ?? NaN;
  }
}

/** All rows here are on the grid, so every other one is on the grid of the double stride. */
function thin(series: Series): void {
  const { layers, steps, loss, sparsity, sparsityTarget, thresholds, sparsities } = series;
  const columns = [steps, loss, sparsity, sparsityTarget];
  series.count = series.capacity / 2;
  series.stride *= 2;
  for (let row = 1; row < series.count; row++) {
    for (const column of columns) column[row] = column[2 * row] ?? NaN;
    for (const table of [thresholds, sparsities]) {
      const from = 2 * row * layers.length;
      table.copyWithin(row * layers.length, from, from + layers.length);
    }
  }
}
