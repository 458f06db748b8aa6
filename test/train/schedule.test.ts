/** Schedules: their values at the corners and against PyTorch's and fairseq's formulas. */

import { describe, expect, test } from 'vitest';
import { freezeStep, learningRateFactor, sparsityTarget } from '../../src/train/schedule.ts';

const curve = (schedule: 'constant' | 'linear' | 'cosine' | 'tri-stage', warmup: number, steps: number): number[] =>
  Array.from({ length: steps }, (_, step) => learningRateFactor({ schedule, warmup }, step, steps));

describe('learningRateFactor', () => {
  test('constant without warm-up is 1 from the first step to the last', () => {
    expect(new Set(curve('constant', 0, 10))).toEqual(new Set([1]));
  });

  test('warm-up rises linearly, and no step of it is without effect', () => {
    expect(curve('constant', 0.5, 8)).toEqual([0.25, 0.5, 0.75, 1, 1, 1, 1, 1]);
  });

  test('linear falls as LambdaLR with (steps - step) / steps', () => {
    expect(curve('linear', 0, 4)).toEqual([1, 0.75, 0.5, 0.25]);
  });

  test('cosine falls as CosineAnnealingLR with eta_min 0', () => {
    // torch.optim.lr_scheduler.CosineAnnealingLR(T_max=4): (1 + cos(pi k / 4)) / 2
    const expected = [1, 0.8535533905932737, 0.5, 0.14644660940672627];
    curve('cosine', 0, 4).forEach((factor, step) => expect(factor).toBeCloseTo(expected[step]!, 12));
  });

  test('tri-stage is that of fairseq: phase ratio 0.1, 0.4, 0.5, from 0.01 and down to 0.05', () => {
    // fairseq: warmup_rate = (1 - 0.01) / warmup_steps; decay_factor = -log(0.05) / decay_steps
    const factors = curve('tri-stage', 0.1, 100);
    expect(factors[0]).toBeCloseTo(0.01, 12);
    expect(factors[5]).toBeCloseTo(0.01 + (0.99 / 10) * 5, 12);
    expect(factors.slice(10, 50).every((factor) => factor === 1)).toBe(true);
    expect(factors[75]).toBeCloseTo(Math.exp((Math.log(0.05) / 50) * 25), 12);
    expect(learningRateFactor({ schedule: 'tri-stage', warmup: 0.1 }, 100, 100)).toBeCloseTo(0.05, 12);
  });

  test.each(['constant', 'linear', 'cosine', 'tri-stage'] as const)(
    '%s stays in 0 to 1 for any warm-up',
    (schedule) => {
      for (const warmup of [0, 0.05, 0.3, 0.61, 1]) {
        for (const steps of [1, 2, 7, 100]) {
          for (const factor of curve(schedule, warmup, steps)) {
            expect(factor).toBeGreaterThan(0);
            expect(factor).toBeLessThanOrEqual(1);
          }
        }
      }
    },
  );
});

test('the sparsity target rises linearly from 0 and then stays', () => {
  const targets = [0, 1, 2, 3, 4, 9].map((step) => sparsityTarget({ target: 0.6, warmup: 0.4 }, step, 10));
  [0, 0.15, 0.3, 0.45, 0.6, 0.6].forEach((expected, i) => expect(targets[i]).toBeCloseTo(expected, 12));
});

test('without warm-up the target holds from the first step', () => {
  expect(sparsityTarget({ target: 0.65, warmup: 0 }, 0, 20)).toBe(0.65);
});

test('masks are frozen after their share of the run, and with 1 never', () => {
  expect(freezeStep({ freeze: 0.8 }, 10)).toBe(8);
  expect(freezeStep({ freeze: 1 }, 10)).toBe(10);
  expect(freezeStep({ freeze: 0 }, 10)).toBe(0);
});
