/** The state of the page of one layer: the layer's column of the run's history, and the histogram of its weights. */

import { unknownLayers, type Series, type StepPoint } from '../../protocol/series.ts';

/** The history of one layer. All NaN if the series does not have the layer. */
export function layerSeries(series: Series, layer: string): Series {
  const { layers, capacity } = series;
  const column = layers.indexOf(layer);
  const take = (table: Float32Array): Float32Array => {
    const values = new Float32Array(capacity).fill(NaN);
    if (column >= 0)
      for (let row = 0; row < series.count; row++) values[row] = table[row * layers.length + column] ?? NaN;
    return values;
  };
  return { ...series, layers: [layer], thresholds: take(series.thresholds), sparsities: take(series.sparsities) };
}

/** The step with one layer as its only one. NaN if `column` is -1. */
export function layerPoint(point: StepPoint, column: number): StepPoint {
  if (column < 0) return { ...point, ...unknownLayers(1) };
  const own = (numbers: Float32Array): Float32Array => numbers.slice(column, column + 1);
  return { ...point, thresholds: own(point.thresholds), sparsities: own(point.sparsities) };
}
