/** Counts below an edge, against looking at every weight. */

import { describe, expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { MagnitudeHistogram, MagnitudesNear } from '../../src/state/magnitudeCounts.ts';

const random = Random.seeded(8);
const weights = Float32Array.from({ length: 5000 }, (_, i) => random.normal() * 10 ** ((i % 9) - 6));
// Where bins begin, on both sides of it, and what is no ordinary number.
const boundary = 1.0078125;
weights.set([boundary, boundary - 2 ** -23, boundary + 2 ** -22, -boundary, 0, -0, 1e-45, Infinity, -Infinity, NaN]);
const counted = (edge: number): number => weights.filter((weight) => Math.abs(weight) < edge).length;

describe('the number of weights below an edge', () => {
  test.each([
    ...[0, -1, NaN, Infinity, 1e-45, 1e-300, 1e39, Number.MIN_VALUE],
    ...[boundary, boundary - 1e-12, boundary + 1e-12, boundary - 2 ** -23, boundary + 2 ** -24],
    ...Array.from({ length: 20 }, (_, i) => Math.abs(weights[200 + i]!)),
    ...Array.from({ length: 20 }, () => Math.abs(random.normal())),
  ])('of %d', (edge) => {
    const counts = new MagnitudeHistogram(() => weights);
    expect(counts.below(edge)).toBe(counted(edge));
    const [least, most] = counts.bounds(edge);
    expect(least).toBeLessThanOrEqual(counted(edge));
    expect(most).toBeGreaterThanOrEqual(counted(edge));
    // Few enough, so that most of a bisection gets along with the bounds.
    expect(most - least).toBeLessThan(weights.length / 100);
  });
});

test('weights are read once, and once more for each bin that an edge is in', () => {
  let reads = 0;
  const counts = new MagnitudeHistogram(() => {
    reads++;
    return weights;
  });
  for (const edge of [0.5, 0.5001, 0.5002]) counts.bounds(edge);
  expect(reads).toBe(1);
  for (const edge of [0.5, 0.5001, 0.5002]) counts.below(edge);
  expect(reads).toBe(2);
});

describe('near an edge that is known about', () => {
  // Many edges lie in the hundredth about it, many below and many above.
  const about = 0.1;
  test.each([
    ...[0, -1, NaN, Infinity, 1e-45, Number.MIN_VALUE, about, about * 0.99, about * 1.01],
    ...Array.from({ length: 40 }, (_, i) => about * (0.98 + 0.001 * i)),
    ...Array.from(weights.subarray(200, 220), Math.abs),
  ])('below %d', (edge) => {
    const counts = new MagnitudesNear(() => weights, about);
    const [least, most] = counts.bounds(edge);
    expect(least).toBeLessThanOrEqual(counted(edge));
    expect(most).toBeGreaterThanOrEqual(counted(edge));
    expect(counts.below(edge)).toBe(counted(edge));
    const [nearLeast, nearMost] = counts.bounds(edge);
    expect(nearLeast).toBeLessThanOrEqual(counted(edge));
    expect(nearMost).toBeGreaterThanOrEqual(counted(edge));
  });

  test('weights are read once for all edges that are near', () => {
    let reads = 0;
    const counts = new MagnitudesNear(() => {
      reads++;
      return weights;
    }, about);
    for (const edge of [0.0998, 0.1, 0.1002]) counts.below(edge);
    expect(reads).toBe(1);
  });
});
