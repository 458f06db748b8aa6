/** The sparsity that a budget needs: between rows, at their ends, of size and latency the greater, and none. */

import { describe, expect, test } from 'vitest';
import { latencyLaw } from '../../../src/measure/cost/costTable.ts';
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

describe('the law of latencies', () => {
  const at = (saved: number) => 1 - 0.9 * saved + 0.2 * saved ** 2;
  const times = [0, 0.2, 0.4, 0.6, 0.7].map((saved) => ({ saved, latency: at(saved) }));

  test('is found where it holds', () => {
    const law = latencyLaw(times);
    for (const saved of [0, 0.1, 0.5, 0.7]) expect(law(saved)).toBeCloseTo(at(saved), 9);
  });

  test('evens out what was timed badly, and begins at the dense model', () => {
    const law = latencyLaw(times.map(({ saved, latency }, row) => ({ saved, latency: latency + (row % 2) * 0.05 })));
    expect(law(0)).toBe(1);
    for (const { saved, latency } of times) expect(Math.abs(law(saved) - latency)).toBeLessThan(0.04);
  });

  test('is a line where only one row saves anything', () => {
    const law = latencyLaw([
      { saved: 0, latency: 1.02 },
      { saved: 0.5, latency: 0.6 },
    ]);
    expect(law(0.25)).toBeCloseTo(0.8, 9);
  });

  test('says that nothing is faster where nothing is saved', () =>
    expect(latencyLaw([{ saved: 0, latency: 0.97 }])(0)).toBe(1));
});

test('a budget in words', () =>
  expect(describeBudget({ bytes: 1.5e6, latency: 0.5 })).toBe(
    "1.5 MB after gzip and 50.0 % of the dense model's latency",
  ));
