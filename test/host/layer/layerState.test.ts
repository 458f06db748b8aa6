/** One layer's column of a run's history, and what is taken for a histogram. */

import { describe, expect, test } from 'vitest';
import { readPrinted } from '../../../src/host/engine/printed.ts';
import { layerPoint, layerSeries } from '../../../src/host/layer/layerState.ts';
import { layerInspection } from '../../../src/protocol/results/inspection.ts';
import { appendPoint, newSeries, unknownLayers, type StepPoint } from '../../../src/protocol/series.ts';

const point = (step: number): StepPoint => ({
  ...{ step, time: 0, loss: 1 / step, ctcLoss: 1, gradientNorm: 1, learningRate: 1e-4 },
  ...{ sparsityTarget: 0.5, sparsity: 0.25, secondsPerStep: 0.5, audioSecondsPerSecond: 20 },
  thresholds: Float32Array.of(step, 10 * step),
  sparsities: Float32Array.of(0.125, 0.75),
});

describe('the series of one layer', () => {
  const series = newSeries(['a', 'b'], 4);
  for (const step of [1, 2, 3]) appendPoint(series, point(step));

  test('has its column and the columns of the whole model', () => {
    const own = layerSeries(series, 'b');
    expect(own.layers).toEqual(['b']);
    expect(Array.from(own.thresholds.subarray(0, 3))).toEqual([10, 20, 30]);
    expect(own.sparsities[2]).toBe(0.75);
    expect(Array.from(own.steps.subarray(0, 3))).toEqual([1, 2, 3]);
    expect([own.count, own.stride, own.total]).toEqual([3, 1, 3]);
  });

  test('goes on by the rule of the whole series', () => {
    const own = layerSeries(series, 'a');
    for (const step of [4, 5]) {
      appendPoint(own, layerPoint(point(step), 0));
    }
    expect(Array.from(own.steps.subarray(0, own.count))).toEqual([1, 3, 5]);
    expect(Array.from(own.thresholds.subarray(0, own.count))).toEqual([1, 3, 5]);
  });

  test('of a layer that is not there holds no numbers', () =>
    expect(Array.from(layerSeries(series, 'c').thresholds)).toEqual([NaN, NaN, NaN, NaN]));
});

test('a step of one layer', () =>
  expect(layerPoint(point(2), 1)).toEqual({
    ...point(2),
    thresholds: Float32Array.of(20),
    sparsities: Float32Array.of(0.75),
  }));

test('a step without the layer has NaN for it', () =>
  expect(layerPoint(point(2), -1)).toEqual({ ...point(2), ...unknownLayers(1) }));

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
