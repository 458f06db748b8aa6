/** Alerts: the three kinds of trouble are seen, and the healthy runs that look a little like them are left alone. */

import { describe, expect, test } from 'vitest';
import { LossWatch, type Trouble } from '../../src/train/lossWatch.ts';

const symbols = 32;

/** Feeds losses one by one. @returns the first trouble and its step. */
function feed(watch: LossWatch, losses: readonly number[], blankShare = 0.8): (Trouble & { at: number }) | undefined {
  for (const [at, loss] of losses.entries()) {
    const trouble = watch.observe({ loss, ctcLoss: loss, gradientNorm: 1, blankShare });
    if (trouble) return { ...trouble, at };
  }
  return undefined;
}

const repeated = (loss: number, times: number): number[] => Array.from({ length: times }, () => loss);

describe('LossWatch', () => {
  test.each([NaN, Infinity, -Infinity])('a loss of %d is trouble at once', (loss) => {
    expect(feed(new LossWatch(symbols), [0.5, loss])).toMatchObject({ reason: 'not-a-number', at: 1 });
  });

  test('so is a gradient that is no number', () => {
    const trouble = new LossWatch(symbols).observe({ loss: 1, ctcLoss: 1, gradientNorm: NaN, blankShare: 0 });
    expect(trouble).toMatchObject({ reason: 'not-a-number' });
    expect(trouble?.message).toContain('gradient');
  });

  test.each([
    [0, 1, 'zero-loss'],
    [1, 0, 'zero-gradient'],
  ])(
    'a loss of %d with a gradient of %d is said at once, and ends the run when it stays',
    (ctcLoss, gradientNorm, reason) => {
      const watch = new LossWatch(symbols);
      const seen = () => watch.observe({ loss: ctcLoss, ctcLoss, gradientNorm, blankShare: 0 });
      expect(seen()).toMatchObject({ reason, action: 'continue' });
      expect(seen()).toBeUndefined();
      expect(seen()).toMatchObject({ reason, action: 'stop' });
    },
  );

  test('a trained model whose loss climbs far above ignorance has diverged', () => {
    const trouble = feed(new LossWatch(symbols), [...repeated(0.1, 50), ...repeated(9, 30)]);
    expect(trouble).toMatchObject({ reason: 'divergence' });
    expect(trouble!.at).toBeLessThan(60);
  });

  test('a single bad batch is no divergence', () => {
    expect(feed(new LossWatch(symbols), [...repeated(0.1, 50), 40, ...repeated(0.1, 50)])).toBeUndefined();
  });

  test('pruning that costs accuracy is no divergence', () => {
    const rising = Array.from({ length: 200 }, (_, i) => 0.02 + 0.005 * i);
    expect(feed(new LossWatch(symbols), rising)).toBeUndefined();
  });

  test('a model that collapses to blanks is caught', () => {
    const watch = new LossWatch(symbols);
    expect(feed(watch, repeated(0.2, 60))).toBeUndefined();
    expect(feed(watch, repeated(3, 60), 1)).toMatchObject({ reason: 'all-blank' });
  });

  // The watch's numbers, from both sides: four times the usual loss, and twice the lowest.
  test.each([
    [3.9, undefined],
    [4.1, 'divergence'],
  ])('a loss that is far above ignorance and rose to %d of the usual', (times, reason) => {
    const usual = 2 * Math.log(symbols);
    const trouble = feed(new LossWatch(symbols), [...repeated(usual, 60), ...repeated(times * usual, 20)]);
    expect(trouble?.reason).toBe(reason);
  });

  test.each([
    [1.9, undefined],
    [2.1, 'all-blank'],
  ])('nothing but blanks while the loss rose to %d of its lowest', (times, reason) => {
    const watch = new LossWatch(symbols);
    expect(feed(watch, repeated(0.5, 60))).toBeUndefined();
    expect(feed(watch, repeated(times * 0.5, 60), 1)?.reason).toBe(reason);
  });

  test.each([
    [29, undefined],
    [30, 'all-blank'],
  ])('%d steps of nothing but blanks', (steps, reason) => {
    const watch = new LossWatch(symbols);
    expect(feed(watch, repeated(0.5, 60))).toBeUndefined();
    expect(feed(watch, repeated(1.5, steps), 1)?.reason).toBe(reason);
  });

  test('a model that learns from scratch may write blanks for as long as it takes', () => {
    const falling = Array.from({ length: 2000 }, (_, i) => 3 + 17 * Math.exp(-i / 50) + 0.05 * Math.sin(i));
    const watch = new LossWatch(symbols);
    expect(feed(watch, falling.slice(0, 20), 0.1)).toBeUndefined();
    expect(feed(watch, falling.slice(20), 1)).toBeUndefined();
  });

  test('goes on from its state as if it had never stopped', () => {
    const losses = Array.from({ length: 150 }, (_, i) => 0.5 + 0.3 * Math.sin(i)).concat(repeated(20, 30));
    const whole = feed(new LossWatch(symbols), losses);
    for (const cut of [1, 9, 10, 70, 149, 152]) {
      const first = new LossWatch(symbols);
      expect(feed(first, losses.slice(0, cut))).toBeUndefined();
      const state = JSON.parse(JSON.stringify(first.state)) as LossWatch['state'];
      expect(feed(new LossWatch(symbols, state), losses.slice(cut))?.at).toBe(whole!.at - cut);
    }
  });
});
