/** The state of the page of one layer: the layer's column of the run's history, and the histogram of its weights. */

import type { StepRecord } from '../../protocol/records.ts';
import type { Series } from '../../protocol/series.ts';
import type { LayerPoint } from '../../protocol/views/layer.ts';

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

/** Undefined if the step does not have the layer: a message cannot carry NaN. */
export function layerPoint(record: StepRecord, layer: string): LayerPoint | undefined {
  const own = record.layers.find(({ name }) => name === layer);
  if (own === undefined) return undefined;
  const { step, loss, sparsity, sparsityTarget } = record;
  return { step, loss, sparsity, sparsityTarget, layerThreshold: own.threshold, layerSparsity: own.sparsity };
}
