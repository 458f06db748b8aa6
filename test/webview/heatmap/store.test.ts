/** What the heatmap's page knows after its host's messages, and which numbers stand on the screen. */

import { describe, expect, test } from 'vitest';
import { appendPoint, newSeries, type StepPoint } from '../../../src/protocol/series.ts';
import type { HeatmapRun, HeatmapState } from '../../../src/protocol/views/heatmap.ts';
import { HeatmapStore } from '../../../webview/heatmap/store.ts';

const names = ['layers.0.q', 'layers.0.k'];

const point = (step: number): StepPoint => ({
  step,
  loss: 10 - step / 1000,
  sparsity: step / 10_000,
  sparsityTarget: 0.5,
  time: 0,
  ctcLoss: 1,
  gradientNorm: 1,
  learningRate: 1e-4,
  secondsPerStep: 2,
  audioSecondsPerSecond: 30,
  thresholds: Float32Array.of(step, step + 0.5),
  sparsities: Float32Array.of(step / 10_000, step / 20_000),
});

const run: HeatmapRun = {
  status: 'running',
  message: null,
  step: 100,
  steps: 1000,
  device: 'cpu',
  finalTarget: 0.5,
  gatedShare: 0.9,
  evaluation: null,
  can: { stop: true, checkpoint: true, resume: false },
};

function runState(id: string, steps: number): HeatmapState {
  const series = newSeries(names);
  for (let step = 1; step <= steps; step++) appendPoint(series, point(step));
  return {
    subject: { kind: 'run', id, name: id, detail: '' },
    layers: names.map((name) => ({ name, parameters: 100 })),
    series,
    latest: steps > 0 ? point(steps) : null,
    run,
  };
}

function storeWith(steps: number): HeatmapStore {
  const store = new HeatmapStore();
  store.take({ kind: 'state', state: runState('a', steps) });
  return store;
}

describe('keys of the state', () => {
  test('absent is unchanged', () => {
    const store = storeWith(10);
    store.take({ kind: 'state', state: { run: { ...run, status: 'done' } } });
    expect([store.known.run?.status, store.known.series?.count]).toEqual(['done', 10]);
  });

  test('null is cleared', () => {
    const store = storeWith(10);
    store.take({ kind: 'state', state: { run: null } });
    expect(store.known.run).toBeNull();
  });

  test('another subject keeps nothing of the one before', () => {
    const store = storeWith(10);
    store.take({ kind: 'state', state: { subject: { kind: 'model', id: 'b', name: 'b', detail: '' } } });
    expect([store.known.series, store.known.latest, store.known.run, store.known.layers]).toEqual([
      null,
      null,
      null,
      [],
    ]);
    expect(store.frameAt(null).sparsities).toHaveLength(0);
  });

  test('the same subject again keeps all', () => {
    const store = storeWith(10);
    store.take({ kind: 'state', state: { subject: { kind: 'run', id: 'a', name: 'a', detail: 'new' } } });
    expect(store.known.series?.count).toBe(10);
  });
});

describe('points', () => {
  test('continue the series and are the newest frame', () => {
    const store = storeWith(10);
    store.take({ kind: 'points', points: [point(11), point(12)] });
    expect([store.known.series?.count, store.frameAt(null).step, store.span]).toEqual([12, 12, { first: 1, last: 12 }]);
  });

  test('sent twice are there once', () => {
    const store = storeWith(10);
    store.take({ kind: 'points', points: [point(10), point(11)] });
    store.take({ kind: 'points', points: [point(11)] });
    expect(Array.from(store.known.series!.steps.subarray(0, store.known.series!.count))).toEqual(
      Array.from({ length: 11 }, (_, at) => at + 1),
    );
  });
});

describe('the frame of a step', () => {
  test('while scrubbing is the nearest row of the thinned history', () => {
    const store = storeWith(5000);
    const { series } = store.known;
    expect(series!.stride).toBeGreaterThan(1);
    for (const step of [1, 2, 1234, 4321, 4999]) {
      const frame = store.frameAt(step);
      const all = Array.from(series!.steps.subarray(0, series!.count));
      const least = Math.min(...all.map((kept) => Math.abs(kept - step)));
      expect(Math.abs(frame.step - step)).toBe(least);
      expect(frame.sparsities[0]).toBeCloseTo(frame.step / 10_000, 5);
      expect(frame.thresholds[1]).toBeCloseTo(frame.step + 0.5, 2);
    }
  });

  test('is exact once the host has answered', () => {
    const store = storeWith(5000);
    expect(store.isExact(1234)).toBe(false);
    store.take({ kind: 'record', step: 1234, point: point(1234) });
    expect(store.isExact(1234)).toBe(true);
    expect([store.frameAt(1234).step, store.frameAt(1234).secondsPerStep]).toEqual([1234, 2]);
    expect(store.frameAt(null).step).toBe(5000);
  });

  test('an answer for another step changes nothing', () => {
    const store = storeWith(5000);
    store.take({ kind: 'record', step: 17, point: point(17) });
    expect(store.frameAt(4000).step).not.toBe(17);
  });

  test('a rewound history forgets the exact answer', () => {
    const store = storeWith(5000);
    store.take({ kind: 'record', step: 4000, point: point(4000) });
    store.take({ kind: 'state', state: runState('a', 100) });
    expect(store.frameAt(4000).step).toBe(100);
  });

  test('beyond the newest step is the newest', () => expect(storeWith(10).frameAt(99).step).toBe(10));

  test('of a run before its first step is empty', () => {
    const store = storeWith(0);
    expect([store.frameAt(null).step, store.frameAt(5).step, store.span]).toEqual([NaN, NaN, undefined]);
  });

  test('of an ONNX file has its sparsities and no step', () => {
    const store = new HeatmapStore();
    const model = {
      thresholds: Float32Array.of(NaN),
      sparsities: Float32Array.of(0.25),
      sparsity: 0.25,
      sparsityOfAll: 0.2,
      parameters: 10,
      nonZeroParameters: 8,
    };
    store.take({ kind: 'state', state: { subject: { kind: 'model', id: 'm', name: 'm', detail: '' }, model } });
    expect([store.frameAt(null).step, store.frameAt(null).sparsities[0], store.frameAt(null).sparsity]).toEqual([
      NaN,
      0.25,
      0.25,
    ]);
  });
});

describe('time left', () => {
  test('is the median of the last steps times the steps to go', () => {
    const store = storeWith(100);
    store.take({ kind: 'points', points: [{ ...point(101), secondsPerStep: 500 }, point(102)] });
    expect(store.secondsLeft).toBe(2 * (1000 - 102));
  });

  test('is not known before the first step', () => expect(storeWith(0).secondsLeft).toBeNaN());

  test('is nothing beyond the end', () => {
    const store = storeWith(100);
    store.take({ kind: 'points', points: [point(1005)] });
    expect(store.secondsLeft).toBe(0);
  });
});

describe('trend', () => {
  test('is the change over the last rows', () => {
    const trend = storeWith(100).trend(0, null);
    expect([trend?.steps, trend?.change.toFixed(4)]).toEqual([20, '0.0020']);
  });

  test('at the start is over what there is', () => expect(storeWith(100).trend(1, 5)?.steps).toBe(4));

  test('of one step is none', () => expect(storeWith(1).trend(0, null)).toBeUndefined());
});
