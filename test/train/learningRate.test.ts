/** The learning rate of a run that names none: what was measured at the measured width, falling with wider models. */

import { expect, test } from 'vitest';
import { learningRateFor } from '../../src/train/learningRate.ts';

const block = (width: number, gated = true): { dims: number[]; gate?: number }[] =>
  [
    [width, width],
    [width, 4 * width],
    [4 * width, width],
  ].map((dims, gate) => (gated ? { dims, gate } : { dims }));

test.each([
  [144, 5e-4],
  [768, 9.375e-5],
  [1024, 7.03125e-5],
])('a transformer %i wide gets %f', (width, expected) => {
  expect(learningRateFor(block(width))).toBeCloseTo(expected, 12);
});

test('what is not gated does not count beside what is', () => {
  expect(learningRateFor([...block(512, false), ...block(512, false), ...block(144)])).toBe(5e-4);
});

test('without gates all matrices count, and vectors never', () => {
  expect(learningRateFor([{ dims: [7] }, { dims: [7] }, { dims: [7] }, { dims: [7] }, ...block(288, false)])).toBe(
    2.5e-4,
  );
});

test('a model without a matrix gets what was measured', () => {
  expect(learningRateFor([{ dims: [9] }])).toBe(5e-4);
});
