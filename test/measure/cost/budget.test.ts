/** The sparsity that a budget needs: between rows, at their ends, of size and latency the greater, and none. */

import { describe, expect, test } from 'vitest';
import { describeBudget, sparsityFor } from '../../../src/measure/cost/budget.ts';

const rows = [
  { sparsity: 0, bytes: 100, latency: 1 },
  { sparsity: 0.5, bytes: 60, latency: 0.6 },
  { sparsity: 0.9, bytes: 20, latency: 0.5 },
];

describe('sparsityFor', () => {
  test('between two rows linearly', () => {
    expect(sparsityFor({ bytes: 80, latency: null }, rows)).toBeCloseTo(0.25, 9);
    expect(sparsityFor({ bytes: null, latency: 0.55 }, rows)).toBeCloseTo(0.7, 9);
  });
  test('of both the greater', () => expect(sparsityFor({ bytes: 80, latency: 0.55 }, rows)).toBeCloseTo(0.7, 9));
  test('0 if the dense model costs less', () => expect(sparsityFor({ bytes: 200, latency: null }, rows)).toBe(0));
  test('the last row exactly', () => expect(sparsityFor({ bytes: 20, latency: null }, rows)).toBeCloseTo(0.9, 9));
  test('undefined beyond it', () => expect(sparsityFor({ bytes: 19, latency: null }, rows)).toBeUndefined());
  test('undefined if the latency was not measured', () =>
    expect(
      sparsityFor(
        { bytes: null, latency: 0.6 },
        rows.map((row) => ({ ...row, latency: null })),
      ),
    ).toBeUndefined());
});

test('a budget in words', () =>
  expect(describeBudget({ bytes: 1.5e6, latency: 0.5 })).toBe(
    "1.5 MB after gzip and 50.0 % of the dense model's latency",
  ));
