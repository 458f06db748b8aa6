/** The thinned history: which steps stay, and their layers. */

import { describe, expect, test } from 'vitest';
import {
  appendPoint,
  longestSeries,
  mostLayers,
  newSeries,
  packSeries,
  setLayers,
  unpackSeries,
  type Series,
} from '../../src/protocol/series.ts';
import { layerNames, layersAt, point } from '../runs/records.ts';

/** Steps 1 to `total`, one by one. */
function appended(total: number, capacity: number): Series {
  const series = newSeries(layerNames, capacity);
  for (let at = 1; at <= total; at++) appendPoint(series, point(at));
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
  const { loss, sparsity, sparsityTarget, thresholds, sparsities } = point(at);
  return [at, loss, sparsity, sparsityTarget, ...thresholds, ...sparsities];
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

test('at every length, the first and the newest are there, and no two rows are further apart than the others', () => {
  for (const capacity of [2, 4, 10]) {
    for (let total = 1; total <= 80; total++) {
      const { count, stride, steps } = appended(total, capacity);
      const kept = Array.from(steps.subarray(0, count));
      expect([kept[0], kept.at(-1)]).toEqual([1, total]);
      kept.slice(1, -1).forEach((at, row) => expect(at - kept[row]!).toBe(stride));
      expect(count).toBeLessThanOrEqual(capacity);
      expect(count).toBeGreaterThanOrEqual(Math.min(total, capacity / 2));
    }
  }
});

test('a long run keeps at least half of what there is room for', () => {
  for (const total of [1001, 54_321, 100_000]) {
    const { count } = appended(total, longestSeries);
    expect(count).toBeLessThanOrEqual(longestSeries);
    expect(count).toBeGreaterThanOrEqual(longestSeries / 2);
  }
});

describe('layers', () => {
  test('may come later than their step', () => {
    const series = newSeries(layerNames, 8);
    for (let at = 1; at <= 17; at++) {
      const { step, loss, sparsity, sparsityTarget } = point(at);
      appendPoint(series, { step, loss, sparsity, sparsityTarget });
    }
    for (let row = 0; row < series.count; row++) setLayers(series, row, layersAt(series.steps[row]!));
    expect(rows(series)).toEqual(rows(appended(17, 8)));
  });

  test('beyond any model’s number are left out', () => {
    const names = Array.from({ length: mostLayers + 5 }, (_, i) => String(i));
    expect(newSeries(names, 2).layers).toHaveLength(mostLayers);
  });
});

describe('a packed series', () => {
  test.each([0, 1, 7, 8, 9, 100, 1000])(
    'of %i steps is the same where it has been unpacked, and goes on alike',
    (total) => {
      const series = appended(total, 8);
      const packed = packSeries(series);
      expect(packed.steps).toHaveLength(series.count);
      expect(packed.sparsities).toHaveLength(series.count * layerNames.length);
      const unpacked = unpackSeries(packed);
      expect(rows(unpacked)).toEqual(rows(series));
      for (let at = total + 1; at < total + 40; at++) for (const one of [series, unpacked]) appendPoint(one, point(at));
      expect(rows(unpacked)).toEqual(rows(series));
    },
  );

  test.each([1, 7, 100, 101, 128, 129, 1000])(
    'of %i steps with few rows has the first, the newest, and rows as far apart',
    (total) => {
      const coarse = unpackSeries(packSeries(appended(total, 64), 8));
      for (let at = total; at < total + 40; at++) {
        if (at > total) appendPoint(coarse, point(at));
        const steps = [...coarse.steps.subarray(0, coarse.count)];
        expect(coarse.count).toBeLessThanOrEqual(8);
        expect(coarse.count).toBeGreaterThanOrEqual(Math.min(at, 4));
        expect([steps[0], steps.at(-1)]).toEqual([1, at]);
        expect(steps.slice(1, -1)).toEqual(steps.slice(1, -1).map((_, row) => 1 + (row + 1) * coarse.stride));
        expect(rows(coarse)).toEqual(steps.map(expectedRow));
      }
    },
  );
});
