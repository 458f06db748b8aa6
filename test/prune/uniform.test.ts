/** Uniform magnitude pruning: the count is exact, ties and all, and nothing that is cut is larger than what stays. */

import { expect, test } from 'vitest';
import { cutSmallest } from '../../src/prune/uniform.ts';
import { Random } from '../../src/base/random.ts';

const random = Random.seeded(4);
const normal = Float32Array.from({ length: 1001 }, () => random.normal());

test.each([
  ['half', normal, 0.5, 500],
  ['a share that is no whole number of weights', normal, 0.333, 333],
  ['nothing', normal, 0, 0],
  ['nearly everything', normal, 0.9995, 1000],
  ['equal weights', new Float32Array(10).fill(-2), 0.35, 3],
  ['some equal weights', Float32Array.of(3, -1, 1, 1, -1, 0.5, 2, 1), 0.5, 4],
])('the smallest weights go: %s', (_, weights, share, count) => {
  const before = weights.slice();
  const { weights: cut, edge } = cutSmallest(weights, share);
  expect(weights).toEqual(before);
  expect(cut.filter((weight) => weight === 0)).toHaveLength(count);
  cut.forEach((weight, i) => {
    if (weight !== 0) expect(weight).toBe(weights[i]);
    const size = Math.abs(weights[i]!);
    if (weight === 0) expect(size).toBeLessThanOrEqual(edge);
    else expect(size).toBeGreaterThanOrEqual(edge);
  });
});

test('zeros that were there count as cut', () => {
  const { weights, edge } = cutSmallest(Float32Array.of(0, 5, -4, 0), 0.25);
  expect([...weights]).toEqual([0, 5, -4, 0]);
  expect(edge).toBe(0);
});
