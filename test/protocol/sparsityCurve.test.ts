/** Reading a sparsity curve between its points, both ways. */

import { expect, test } from 'vitest';
import { factorFor, sparsityAt } from '../../src/protocol/results/sparsityCurve.ts';

const curve = { factors: [1, 2, 4], sparsities: [0.5, 0.7, 0.8] };

test.each([
  [0.6, 1.5],
  [0.7, 2],
  [0.75, 3],
  [0.8, 4],
])('%f is reached on the line between two points', (sparsity, factor) => {
  expect(factorFor(curve, sparsity)).toBeCloseTo(factor, 9);
  expect(sparsityAt(curve, factor)).toBeCloseTo(sparsity, 9);
});

test('what the checkpoint has already, and what no point reaches, has no factor', () => {
  expect([0.4, 0.5, 0.81].map((sparsity) => factorFor(curve, sparsity))).toEqual([undefined, undefined, undefined]);
});

test('beyond the ends the nearest point counts', () => {
  expect([0, 1, 9].map((factor) => sparsityAt(curve, factor))).toEqual([0.5, 0.5, 0.8]);
});

test('a level part of the curve gives its beginning', () => {
  const level = { factors: [1, 2, 3, 4], sparsities: [0.5, 0.5, 0.7, 0.7] };
  expect(factorFor(level, 0.6)).toBeCloseTo(2.5, 9);
  expect(factorFor(level, 0.7)).toBeCloseTo(3, 9);
});
