/** The state of the page of a run. */

import type { RunCheckpoint, RunForecast, RunPageState } from '../../protocol/views/run.ts';
import { packCourse, type Course } from '../../protocol/course.ts';
import { predictedModel, remainingComputation } from '../../protocol/predictedModel.ts';
import { packSeries } from '../../protocol/series.ts';
import { granularities, type RunSettings } from '../../protocol/settings.ts';
import type { RunFollower, RunSnapshot } from '../../runs/followRun.ts';
import { median } from '../../base/median.ts';
import { heatmapLayers, heatmapRun } from '../heatmap/heatmapState.ts';
import { aboutRun } from './runAbout.ts';
import type { OriginalCost } from './originalCost.ts';
import { runEvents } from './runEvents.ts';

/** All but the history. */
export function runPageFacts(
  { folder, snapshot, course }: Pick<RunFollower, 'folder' | 'snapshot' | 'course'>,
  trusted: boolean,
  cost?: OriginalCost,
): RunPageState {
  return {
    run: heatmapRun(snapshot, trusted),
    about: aboutRun(folder, snapshot),
    stepsPerEpoch: snapshot.start?.stepsPerEpoch ?? null,
    events: runEvents(snapshot, course),
    evaluations: snapshot.evaluations.map(({ step, wer, sparsity }) => ({ step, wer, sparsity })),
    checkpoints: checkpointsOf(snapshot),
    forecast: forecast(snapshot, course, cost),
    trusted,
  };
}

/** The history. @param rows of the layers at most; all if undefined. */
export function runPageHistory(
  { snapshot, series, course }: Pick<RunFollower, 'snapshot' | 'series' | 'course'>,
  rows?: number,
): RunPageState {
  return {
    layers: heatmapLayers(snapshot, series.layers),
    series: packSeries(series, rows),
    course: packCourse(course),
    latest: snapshot.lastStep ?? null,
  };
}

function checkpointsOf({ checkpoints, evaluations, end }: RunSnapshot): RunCheckpoint[] {
  const rates = new Map(evaluations.map(({ step, wer }) => [step, wer]));
  return checkpoints.map(({ step, path, sparsity, sparsityOfAll, parameters, nonZeroParameters, bytes }) => ({
    ...{ step, path, sparsity, sparsityOfAll, parameters, nonZeroParameters, bytes },
    wer: rates.get(step) ?? null,
    best: end?.best?.path === path,
  }));
}

/** Whether the run has ended and learned thresholds of single weights: units, heads and searched channels have no common curve. */
export function hasCurve({ liveness, run, start }: RunSnapshot): boolean {
  const { method = 'self-pinching', granularity = 'weight' } = run.settings;
  const ofWeights = granularity === 'weight' && (method === 'self-pinching' || method === 'ump');
  return liveness !== 'live' && ofWeights && (start?.gatedParameters ?? 0) > 0;
}

/** Rows of the course whose median speed counts: they even out long and short batches. */
const recentRows = 50;

/**
 * The end of a live run, from what was measured so far; null for a run that has ended.
 * @param cost of the model that it began from.
 */
export function forecast(snapshot: RunSnapshot, course: Course, cost?: OriginalCost): RunForecast | null {
  const { liveness, state, start, lastStep, shrinks, run } = snapshot;
  if (liveness !== 'live' || !start) return null;
  const { count, times, steps } = course;
  const from = Math.max(0, count - recentRows);
  // What passes between two steps includes evaluations and checkpoints, as what is to come does.
  const paces: number[] = [];
  for (let row = from + 1; row < count; row++) {
    const pace = ((times[row] ?? NaN) - (times[row - 1] ?? NaN)) / ((steps[row] ?? NaN) - (steps[row - 1] ?? NaN));
    if (Number.isFinite(pace)) paces.push(pace / 1000);
  }
  const left = Math.max(0, (state?.steps ?? start.steps) - (lastStep?.step ?? 0));
  const target = heatmapRun(snapshot, false).finalTarget;
  const secondsLeft = paces.length === 0 ? null : left * median(paces);
  const { parameters, gatedParameters } = start;
  if (target === null)
    return { secondsLeft, sparsity: null, nonZeroParameters: null, parameters, bytes: null, latency: null };
  const granularity = granularities.find((each) => each === run.settings['granularity']) ?? 'weight';
  const model = predictedModel(start, granularity, target, shrinks.at(-1)?.parameters);
  const { sparsity, nonZeroParameters, bytes, atMost } = model;
  return {
    ...{ secondsLeft, sparsity, nonZeroParameters, parameters },
    bytes: { value: bytes, atMost },
    latency: latencyAt(target, granularity, gatedParameters, start.framesPerSecond, cost),
  };
}

/** Null where the model was not timed, or where it is not known how much of its time the pruned weights take. */
function latencyAt(
  target: number,
  granularity: RunSettings['granularity'],
  gatedParameters: number,
  framesPerSecond: number | undefined,
  cost: OriginalCost | undefined,
): RunForecast['latency'] {
  if (!cost || granularity === 'neuron+weight') return null;
  const { latency, seconds, multiplyAccumulates } = cost;
  // Zeros are computed like other numbers.
  if (granularity === 'weight') return { value: latency, seconds };
  if (framesPerSecond === undefined || multiplyAccumulates === null || multiplyAccumulates === 0) return null;
  const share = remainingComputation(gatedParameters, granularity, target, framesPerSecond, multiplyAccumulates);
  return { value: latency * share, seconds };
}
