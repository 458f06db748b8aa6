/** Pooled seeds: the means are exact, intervals are as wide as theory has them, and a verdict needs a difference beyond speech and seeds. */

import { describe, expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { pairedBootstrap } from '../../src/metrics/bootstrap.ts';
import { pooledDifference, pooledRate, verdictOf, type SeededErrors } from '../../src/metrics/pooled.ts';

const count = 400;
const words = new Float64Array(count).fill(10);
const all = 10 * count;

/** Every utterance has errors by chance, and each seed is so much better or worse than the others. */
function system(rate: number, spread: number, seeds: number, from = 0): SeededErrors {
  const random = Random.seeded(from);
  const errors = Array.from({ length: seeds }, () => {
    const own = rate + spread * random.normal();
    return Float64Array.from({ length: count }, () => 10 * own + (random.uniform() < 0.5 ? 1 : -1));
  });
  return { seeds: Array.from({ length: seeds }, (_, seed) => seed), errors };
}

describe('a rate', () => {
  test('is the mean of the seeds', () => {
    const errors = [1, 3].map((each) => new Float64Array(count).fill(each));
    expect(pooledRate(words, { seeds: [0, 1], errors }).mean).toBeCloseTo(0.2, 12);
  });

  test('of one seed has the interval of a bootstrap over utterances', () => {
    const one = system(0.3, 0, 1);
    const { low, high } = pooledRate(words, one);
    const plain = pairedBootstrap(Array.from(one.errors[0] ?? [], (first) => ({ words: 10, first, second: 0 })));
    expect((high - low) / (plain.high - plain.low)).toBeCloseTo(1, 1);
    expect(low).toBeCloseTo(plain.low, 2);
  });

  test('has a wider interval the more the seeds differ, by their own variance', () => {
    const { errors, ...rest } = system(0.3, 0.03, 8);
    const { low, high } = pooledRate(words, { ...rest, errors });
    const means = errors.map((own) => own.reduce((sum, each) => sum + each, 0) / all);
    const middle = means.reduce((sum, each) => sum + each, 0) / means.length;
    const ofSeeds = means.reduce((sum, each) => sum + (each - middle) ** 2, 0) / (means.length - 1) / means.length;
    const ofSpeech = 1 / 8 / (100 * count);
    const expected = 2 * 1.96 * Math.sqrt(ofSeeds + ofSpeech);
    expect((high - low) / expected).toBeGreaterThan(0.85);
    expect((high - low) / expected).toBeLessThan(1.2);
  });
});

describe('a difference', () => {
  test('of a system to itself is none', () => {
    const one = system(0.3, 0.05, 5);
    expect(pooledDifference(words, one, one)).toEqual({ mean: 0, low: 0, high: 0 });
  });

  test('turns round with the systems', () => {
    const [one, other] = [system(0.3, 0.01, 5, 1), system(0.32, 0.01, 5, 2)];
    const there = pooledDifference(words, one, other);
    const back = pooledDifference(words, other, one);
    expect(there.mean).toBeCloseTo(-back.mean, 12);
    expect(there.low).toBeCloseTo(-back.high, 3);
  });

  test('beyond seeds and speech is found, either way round', () => {
    const [one, other] = [system(0.3, 0.005, 5, 3), system(0.35, 0.005, 5, 4)];
    expect(verdictOf(pooledDifference(words, one, other))).toBe('better');
    expect(verdictOf(pooledDifference(words, other, one))).toBe('worse');
  });

  test('that is chance is seldom taken for one', () => {
    const verdicts = Array.from({ length: 100 }, (_, pair) =>
      verdictOf(pooledDifference(words, system(0.3, 0.05, 5, 100 + pair), system(0.3, 0.05, 5, 300 + pair), 100)),
    );
    const found = verdicts.filter((verdict) => verdict !== 'same').length;
    // Five seeds have longer tails than the interval allows for, so there are more than five of a hundred.
    expect(found).toBeGreaterThan(1);
    expect(found).toBeLessThan(20);
  });

  test('of seeds that hold for both systems is seen through what they have in common', () => {
    // Each seed is as good or bad for both, and one system is a little better for all.
    const one = system(0.3, 0.1, 5, 5);
    const errors = one.errors.map((own) => own.map((each) => each + 0.3));
    const paired = pooledDifference(words, one, { ...one, errors });
    expect(verdictOf(paired)).toBe('better');
    const others = pooledDifference(words, one, { seeds: [5, 6, 7, 8, 9], errors });
    expect(verdictOf(others)).toBe('same');
    expect(others.mean).toBeCloseTo(paired.mean, 12);
  });
});

test('nothing to draw from is refused', () => {
  const one = system(0.3, 0, 1);
  expect(() => pooledRate(new Float64Array(count), one)).toThrow(RangeError);
  expect(() => pooledRate(words, { seeds: [], errors: [] })).toThrow(RangeError);
});
