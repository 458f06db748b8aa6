/** What the page of one layer knows after its host's messages, and the rows of its table. */

import { describe, expect, test } from 'vitest';
import { appendPoint, newSeries, type Series, type StepPoint } from '../../../src/protocol/series.ts';
import { historyRows, LayerStore } from '../../../webview/layer/store.ts';

const point = (step: number): StepPoint => ({
  ...{ step, time: 0, loss: 1, ctcLoss: 1, gradientNorm: 1, learningRate: 1e-4 },
  ...{ sparsity: 0.5, sparsityTarget: 0.6, secondsPerStep: 1, audioSecondsPerSecond: 1 },
  thresholds: Float32Array.of(step / 10),
  sparsities: Float32Array.of(step / 1000),
});

function seriesOfSteps(steps: number): Series {
  const series = newSeries(['layers.0.q']);
  for (let step = 1; step <= steps; step++) appendPoint(series, point(step));
  return series;
}

test('points continue the series, each once', () => {
  const store = new LayerStore();
  store.take({ kind: 'state', state: { series: seriesOfSteps(3) } });
  store.take({ kind: 'points', points: [point(3), point(4)] });
  const { series } = store.known;
  expect(Array.from(series!.steps.subarray(0, series!.count))).toEqual([1, 2, 3, 4]);
  expect(series!.thresholds[3]).toBeCloseTo(0.4);
  expect(series!.sparsities[3]).toBeCloseTo(0.004);
});

test('points without a threshold leave it unknown', () => {
  const store = new LayerStore();
  store.take({ kind: 'state', state: { series: newSeries(['layers.0.q']) } });
  store.take({
    kind: 'points',
    points: [{ ...point(1), thresholds: Float32Array.of(NaN), sparsities: Float32Array.of(0.5) }],
  });
  expect(historyRows(store.known, 1)[0]).toMatchObject({ step: 1, threshold: NaN, sparsity: 0.5 });
});

test('points of an ONNX file, which has no series, are left alone', () => {
  const store = new LayerStore();
  store.take({ kind: 'state', state: { series: null, histogram: { kind: 'loading' } } });
  store.take({ kind: 'points', points: [point(1)] });
  expect(store.known).toEqual({ series: null, histogram: { kind: 'loading' } });
});

describe('rows of the table', () => {
  test('spread over the whole history, newest first', () => {
    const steps = historyRows({ series: seriesOfSteps(100) }, 5).map(({ step }) => step);
    expect([steps.length, steps[0], steps.at(-1)]).toEqual([5, 100, 1]);
    expect(steps).toEqual([...steps].sort((a, b) => b - a));
  });

  test('no more than there are steps', () =>
    expect(historyRows({ series: seriesOfSteps(3) }, 25).map(({ step }) => step)).toEqual([3, 2, 1]));

  test('of one step', () => expect(historyRows({ series: seriesOfSteps(1) }, 25)).toHaveLength(1));
  test('of none', () => expect(historyRows({ series: seriesOfSteps(0) }, 25)).toEqual([]));
});
