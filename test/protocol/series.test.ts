/** The thinned history: which steps stay, that both ways to it agree, and layers that come and go. */

import { describe, expect, test } from 'vitest';
import type { StepRecord } from '../../src/protocol/records.ts';
import {
  appendPoint,
  keptSteps,
  longestSeries,
  mostLayers,
  newSeries,
  seriesPoint,
  unfilledSeries,
  writeRow,
  type Series,
} from '../../src/protocol/series.ts';
import { layerNames, step } from '../runs/records.ts';

/** Steps 1 to `total`, one by one. */
function appended(total: number, capacity: number): Series {
  const series = newSeries(layerNames, capacity);
  for (let at = 1; at <= total; at++) appendPoint(series, seriesPoint(step(at), layerNames));
  return series;
}

/** What is in the filled rows. */
function rows({ count, layers, steps, loss, sparsity, sparsityTarget, thresholds, sparsities }: Series): number[][] {
  const width = layers.length;
  return Array.from({ length: count }, (_, row) => [
    ...[steps[row]!, loss[row]!, sparsity[row]!, sparsityTarget[row]!],
    ...thresholds.slice(row * width, (row + 1) * width),
    ...sparsities.slice(row * width, (row + 1) * width),
  ]);
}

const expectedRow = (at: number): number[] => {
  const { loss, sparsity, sparsityTarget, layers } = step(at);
  const thresholds = layers.map(({ threshold }) => threshold ?? NaN);
  return [at, loss, sparsity, sparsityTarget, ...thresholds, ...layers.map((l) => l.sparsity)];
};

test('a short series has every step', () => {
  expect(rows(appended(8, 8))).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map(expectedRow));
});

test.each([
  [9, 2, [1, 3, 5, 7, 9]],
  [10, 2, [1, 3, 5, 7, 9, 10]],
  [15, 2, [1, 3, 5, 7, 9, 11, 13, 15]],
  [16, 4, [1, 5, 9, 13, 16]],
  [17, 4, [1, 5, 9, 13, 17]],
  [100, 16, [1, 17, 33, 49, 65, 81, 97, 100]],
])('of %i steps, 8 rows keep every %i-th and the newest', (total, stride, kept) => {
  const series = appended(total, 8);
  expect(series).toMatchObject({ stride, total, count: kept.length });
  expect(rows(series)).toEqual(kept.map(expectedRow));
});

test('made at once, a series is the same as appended to step by step, at every length', () => {
  for (const capacity of [2, 4, 10]) {
    for (let total = 0; total <= 80; total++) {
      const { kept, stride } = keptSteps(total, capacity);
      const made = unfilledSeries(layerNames, total, capacity);
      for (const [row, ordinal] of kept.entries()) writeRow(made, row, seriesPoint(step(ordinal + 1), layerNames));
      const series = appended(total, capacity);
      expect([made.count, made.stride, made.total]).toEqual([series.count, series.stride, series.total]);
      expect(made.stride).toBe(stride);
      expect(rows(made)).toEqual(rows(series));
    }
  }
});

test('a long run keeps at least half of what there is room for, and goes on alike', () => {
  for (const total of [1001, 54_321, 100_000]) {
    const { kept } = keptSteps(total);
    expect(kept.length).toBeLessThanOrEqual(longestSeries);
    expect(kept.length).toBeGreaterThanOrEqual(longestSeries / 2);
    expect([kept[0], kept.at(-1)]).toEqual([0, total - 1]);
  }
});

describe('layers', () => {
  const other: StepRecord = { ...step(3), layers: step(3).layers.toReversed() };

  test('are found by name when they stand in another order', () => {
    expect(seriesPoint(other, layerNames)).toEqual(seriesPoint(step(3), layerNames));
  });

  test('that a step does not have are NaN, and ones that the series does not have are left out', () => {
    const strange = seriesPoint(step(3, 1, ['x', layerNames[1]!]), layerNames);
    expect(strange.thresholds).toEqual(Float32Array.of(NaN, 3.25));
    const series = newSeries(layerNames, 4);
    appendPoint(series, strange);
    expect(series.sparsities.slice(0, 2)).toEqual(Float32Array.of(NaN, strange.sparsities[1]!));
  });

  test('without thresholds have NaN for them', () => {
    const { layers, ...rest } = step(3);
    const without = { ...rest, layers: layers.map((layer) => ({ ...layer, threshold: null })) };
    const point = seriesPoint(without, layerNames);
    expect(point.thresholds).toEqual(Float32Array.from(layerNames, () => NaN));
    expect(point.sparsities).toEqual(seriesPoint(step(3), layerNames).sparsities);
  });

  test('beyond any model’s number are left out', () => {
    const names = Array.from({ length: mostLayers + 5 }, (_, i) => String(i));
    expect(newSeries(names, 2).layers).toHaveLength(mostLayers);
  });
});

test('rows that are not written are gaps', () => {
  const series = unfilledSeries(layerNames, 2, 4);
  writeRow(series, 1, seriesPoint(step(2), layerNames));
  expect(rows(series)[0]).toEqual(Array.from({ length: 8 }, () => NaN));
  expect(rows(series)[1]).toEqual(expectedRow(2));
});
