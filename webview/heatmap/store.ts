/** The state of the heatmap's page: the host's state, updated by its messages, and the numbers to show at a step. */

import {
  appendPoint,
  pointOfRow,
  rowAt,
  unknownPoint,
  unpackSeries,
  type StepPoint,
} from '../../src/protocol/series.ts';
import type { HeatmapState, ToHeatmap } from '../../src/protocol/views/heatmap.ts';
import { merge } from '../ui/knownState.ts';

/** All keys present; a key that `HeatmapState` may leave out is null or empty. */
export type Known = { [K in keyof HeatmapState]-?: Exclude<HeatmapState[K], undefined> };

export interface Trend {
  /** Change of sparsity, as a fraction. */
  readonly change: number;
  /** Steps over which it changed. */
  readonly steps: number;
}

const nothing: Known = {
  subject: null,
  notice: null,
  layers: [],
  series: null,
  latest: null,
  run: null,
  model: null,
  trusted: true,
};

/** Number of rows of the series that a trend covers. */
const trendRows = 20;

/** Number of steps whose median speed gives the time left: it evens out long and short batches. */
const recentSteps = 50;

export class HeatmapStore {
  known: Known = nothing;
  /** The last answers to questions for exact steps. */
  private exact: StepPoint | null = null;
  private recent: number[] = [];

  /** Takes a message in. */
  take(message: ToHeatmap): void {
    if (message.kind === 'state') this.takeState(message.state);
    else if (message.kind === 'points') for (const point of message.points) this.append(point);
    else if (message.kind === 'record') this.exact = message.point;
  }

  /** First and last step of the history; undefined without one. */
  get span(): { readonly first: number; readonly last: number } | undefined {
    const { series, latest } = this.known;
    const first = series && series.count > 0 ? series.steps[0] : latest?.step;
    const last = latest?.step ?? series?.steps[Math.max(0, (series.count || 1) - 1)];
    return first === undefined || last === undefined ? undefined : { first, last };
  }

  /** Seconds until the end at the median speed of the last steps; NaN if unknown. */
  get secondsLeft(): number {
    const { run, latest } = this.known;
    const sorted = [...this.recent].sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1];
    if (!run || median === undefined) return NaN;
    return median * Math.max(0, run.steps - Math.max(run.step, latest?.step ?? 0));
  }

  /**
   * What is on the screen: between exact answers the nearest step of the thinned history. Its step is NaN for an ONNX file, and for a run
   * before its first step.
   * @param step null for the newest.
   */
  frameAt(step: number | null): StepPoint {
    const { model, latest } = this.known;
    if (model) {
      const { thresholds, sparsities, sparsity } = model;
      return { ...unknownPoint, thresholds, sparsities, sparsity };
    }
    if (step !== null && this.exact?.step === step) return this.exact;
    if (latest && (step === null || step >= latest.step)) return latest;
    const { series } = this.known;
    const row = series ? rowAt(series, step) : undefined;
    return series && row !== undefined ? pointOfRow(series, row) : unknownPoint;
  }

  /** Whether `frameAt` has this very step, with all its numbers. */
  isExact(step: number): boolean {
    return this.exact?.step === step || this.known.latest?.step === step;
  }

  /** The change of a layer's sparsity over the last rows of the history up to a step. */
  trend(layer: number, step: number | null): Trend | undefined {
    const { series } = this.known;
    const row = series ? rowAt(series, step) : undefined;
    if (!series || row === undefined) return undefined;
    const from = Math.max(0, row - trendRows);
    const at = (r: number): number => series.sparsities[r * series.layers.length + layer] ?? NaN;
    const change = at(row) - at(from);
    const steps = (series.steps[row] ?? NaN) - (series.steps[from] ?? NaN);
    return Number.isFinite(change) && steps > 0 ? { change, steps } : undefined;
  }

  private takeState(state: HeatmapState): void {
    // A new subject clears everything: absent keys are unchanged only within one subject.
    if (state.subject !== undefined && state.subject?.id !== this.known.subject?.id) {
      this.known = { ...nothing, trusted: this.known.trusted };
      this.exact = null;
      this.recent = [];
    }
    if (state.series !== undefined) {
      this.exact = null;
      this.recent = [];
    }
    this.known = merge(this.known, { ...state, ...(state.series && { series: unpackSeries(state.series) }) });
    if (state.latest && this.recent.length === 0) this.recent.push(state.latest.secondsPerStep);
  }

  private append(point: StepPoint): void {
    const { series } = this.known;
    const last = series && series.count > 0 ? (series.steps[series.count - 1] ?? -1) : -1;
    // A step that is there already was sent twice, for example around a reset.
    if (series && point.step > last) appendPoint(series, point);
    this.known = { ...this.known, latest: point };
    this.recent.push(point.secondsPerStep);
    if (this.recent.length > recentSteps) this.recent.shift();
  }
}
