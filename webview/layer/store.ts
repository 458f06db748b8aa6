/** The state of one layer's page, updated by the host's messages. */

import { appendPoint } from '../../src/protocol/series.ts';
import type { LayerState, ToLayer } from '../../src/protocol/views/layer.ts';
import { merge } from '../ui/knownState.ts';

export class LayerStore {
  known: LayerState = {};

  /** Takes a message in. */
  take(message: ToLayer): void {
    if (message.kind === 'state') {
      this.known = merge(this.known, message.state);
      return;
    }
    const { series } = this.known;
    if (!series) return;
    for (const point of message.points) {
      const last = series.count > 0 ? (series.steps[series.count - 1] ?? -1) : -1;
      // A step that is there already was sent twice, as around a reset.
      if (point.step > last) appendPoint(series, point);
    }
  }
}

/** A row of the history's table. */
export interface HistoryRow {
  readonly step: number;
  readonly threshold: number;
  readonly sparsity: number;
  readonly sparsityTarget: number;
  readonly loss: number;
}

/** At most `rows` rows spread over the whole history, newest first; the newest is always among them. */
export function historyRows({ series }: LayerState, rows: number): HistoryRow[] {
  if (!series || series.count === 0) return [];
  const newest = series.count - 1;
  const wanted = Math.min(rows, series.count);
  return Array.from({ length: wanted }, (_, at) => {
    const row = wanted === 1 ? newest : Math.round(newest - (at * newest) / (wanted - 1));
    return {
      step: series.steps[row] ?? NaN,
      threshold: series.thresholds[row] ?? NaN,
      sparsity: series.sparsities[row] ?? NaN,
      sparsityTarget: series.sparsityTarget[row] ?? NaN,
      loss: series.loss[row] ?? NaN,
    };
  });
}
