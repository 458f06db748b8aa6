/** One layer's column of a run's history, and what is taken for a histogram. */

import { describe, expect, test } from 'vitest';
import { readPrinted } from '../../../src/host/engine/printed.ts';
import { layerPoint, layerSeries } from '../../../src/host/layer/layerState.ts';
import { layerInspection } from '../../../src/protocol/results/inspection.ts';
import type { StepRecord } from '../../../src/protocol/records.ts';
import { appendPoint, newSeries, seriesPoint } from '../../../src/protocol/series.ts';

const record = (step: number): StepRecord => ({
  kind: 'step',
  attempt: 1,
  step,
  time: '2026-01-01T00:00:00.000Z',
  loss: 1 / step,
  ctcLoss: 1,
  gradientNorm: 1,
  learningRate: 1e-4,
  sparsityTarget: 0.5,
  sparsity: 0.25,
  secondsPerStep: 0.5,
  audioSecondsPerSecond: 20,
  layers: [
    { name: 'a', threshold: step, sparsity: 0.1 },
    { name: 'b', threshold: 10 * step, sparsity: 0.2 },
  ],
});

describe('the series of one layer', () => {
  const series = newSeries(['a', 'b'], 4);
  for (const step of [1, 2, 3]) appendPoint(series, seriesPoint(record(step), series.layers));

  test('has its column and the columns of the whole model', () => {
    const own = layerSeries(series, 'b');
    expect(own.layers).toEqual(['b']);
    expect(Array.from(own.thresholds.subarray(0, 3))).toEqual([10, 20, 30]);
    expect(own.sparsities[2]).toBeCloseTo(0.2);
    expect(Array.from(own.steps.subarray(0, 3))).toEqual([1, 2, 3]);
    expect([own.count, own.stride, own.total]).toEqual([3, 1, 3]);
  });

  test('goes on by the rule of the whole series', () => {
    const own = layerSeries(series, 'a');
    for (const step of [4, 5]) appendPoint(own, seriesPoint(record(step), own.layers));
    expect(Array.from(own.steps.subarray(0, own.count))).toEqual([1, 3, 5]);
    expect(Array.from(own.thresholds.subarray(0, own.count))).toEqual([1, 3, 5]);
  });

  test('of a layer that is not there holds no numbers', () =>
    expect(Array.from(layerSeries(series, 'c').thresholds)).toEqual([NaN, NaN, NaN, NaN]));
});

test('a step of one layer', () =>
  expect(layerPoint(record(2), 'b')).toEqual({
    step: 2,
    loss: 0.5,
    sparsity: 0.25,
    sparsityTarget: 0.5,
    layerThreshold: 20,
    layerSparsity: 0.2,
  }));

test('a step of one layer without a threshold', () => {
  const layers = [{ name: 'b', threshold: null, sparsity: 0.2 }];
  expect(layerPoint({ ...record(2), layers }, 'b')).toMatchObject({ layerThreshold: null, layerSparsity: 0.2 });
});

test('a step without the layer is no point', () => expect(layerPoint(record(2), 'c')).toBeUndefined());

describe('a histogram', () => {
  const good = {
    ...{ model: 'm.onnx', layer: 'a', name: 'a.weight', shape: [2, 2], gated: true },
    parameters: 4,
    zeros: 1,
    rootMeanSquare: 0.5,
    threshold: null,
    thresholdInWeights: null,
    histogram: { low: -1, high: 1, counts: [1, 2], zeros: 1, outside: 0 },
  };

  test('is taken as it is', () => expect(readPrinted(layerInspection, good, 'inspect')).toEqual(good));

  test.each([
    ['a negative count', { ...good, zeros: -1 }],
    ['no histogram', { ...good, histogram: undefined }],
    ['too many bins', { ...good, histogram: { ...good.histogram, counts: new Array(10_001).fill(0) } }],
    ['nothing', undefined],
  ])('one with %s is refused', (_, value) => expect(() => readPrinted(layerInspection, value, 'inspect')).toThrow());
});
