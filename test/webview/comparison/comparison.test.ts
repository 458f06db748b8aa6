/** Curves of runs of different length on one grid, and what differs between runs. */

import { describe, expect, test } from 'vitest';
import { differences } from '../../../webview/comparison/differences.ts';
import { atAllPlaces, onOneGrid } from '../../../webview/comparison/resample.ts';

describe('one grid for all curves', () => {
  test('a curve is a line between its values, and nothing outside', () => {
    const long = { x: [0, 1, 2, 3, 4], values: [0, 1, 2, 3, 4], count: 5 };
    const short = { x: [1, 3], values: [10, 30], count: 2 };
    const { x, lines } = onOneGrid([long, short]);
    expect(Array.from(x)).toEqual([0, 1, 2, 3, 4]);
    expect(lines.map((line) => Array.from(line))).toEqual([
      [0, 1, 2, 3, 4],
      [NaN, 10, 20, 30, NaN],
    ]);
  });

  test('runs without a step have no line', () => {
    const empty = { x: [], values: [], count: 0 };
    expect(onOneGrid([empty, empty]).x).toHaveLength(0);
    expect(Array.from(onOneGrid([{ x: [5], values: [1], count: 1 }, empty]).lines[1] ?? [])).toEqual([NaN]);
  });

  test('points keep their own places', () => {
    const { x, lines } = atAllPlaces([
      { x: [2, 4], values: [0.2, 0.4], count: 2 },
      { x: [3, 4], values: [0.3, 0.1], count: 2 },
    ]);
    expect(x).toEqual([2, 3, 4]);
    expect(lines).toEqual([
      [0.2, NaN, 0.4],
      [NaN, 0.3, 0.1],
    ]);
  });
});

test('what differs is listed, and what is equal or not said is not', () => {
  const made = (seed: string, more: [string, string][] = []): { made: [string, string][] } => ({
    made: [['model', '/m'], ['seed', seed], ...more],
  });
  expect(differences([made('0'), made('1', [['dropout', '0.1']]), made('0')])).toEqual([
    { name: 'seed', values: ['0', '1', '0'] },
  ]);
  expect(differences([made('0'), made('0')])).toEqual([]);
});
