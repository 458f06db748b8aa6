/** The significance tests: segments, Z, p, the bootstrap and the verdict. */

import { describe, expect, test } from 'vitest';
import { align } from '../../src/metrics/alignment.ts';
import { pairedBootstrap } from '../../src/metrics/bootstrap.ts';
import { compareSystems, type Recognized } from '../../src/metrics/compare.ts';
import { mapsswe, segmentErrors } from '../../src/metrics/mapsswe.ts';
import { twoTailed } from '../../src/metrics/normal.ts';
import { scoreUtterance } from '../../src/metrics/score.ts';
import { distort, seeded, sentence } from './random.ts';

const segments = (reference: string, first: string, second: string) => {
  const [words, one, two] = [reference, first, second].map((text) => text.split(' '));
  return segmentErrors({ first: align(words!, one!), second: align(words!, two!) });
};

describe('segmentErrors', () => {
  test('no errors, no segments', () => expect(segments('a b c', 'a b c', 'a b c')).toEqual([]));
  test('two right words part errors', () =>
    expect(segments('a b c d', 'x b c d', 'a b c x')).toEqual([
      { first: 1, second: 0 },
      { first: 0, second: 1 },
    ]));
  test('one right word does not', () => expect(segments('a b c', 'x b c', 'a b x')).toEqual([{ first: 1, second: 1 }]));
  test('a word that only one system got right is an error of the segment', () =>
    expect(segments('a b c d', 'x b c d', 'a x c x')).toEqual([{ first: 1, second: 2 }]));
  test('insertions before, between and after', () =>
    expect(segments('a b c d', 'x a b c d', 'a b c d y')).toEqual([
      { first: 1, second: 0 },
      { first: 0, second: 1 },
    ]));
  test('different references are refused', () =>
    expect(() => segmentErrors({ first: align(['a'], []), second: align(['a', 'b'], []) })).toThrow(/references/u));
});

describe('mapsswe', () => {
  test('Z and p of differences 1, 1, 0, -1, 2, worked by hand', () => {
    // Mean 0.6, squared deviations sum to 5.2, sd = √1.3, Z = 0.6 / (√1.3/√5).
    const differences: [string, string, string][] = [
      ['a', 'x', 'a'],
      ['a', 'x', 'a'],
      ['a', 'x', 'x'],
      ['a', 'a', 'x'],
      ['a b', 'x y', 'a b'],
    ];
    const pairs = differences.map(([reference, first, second]) => ({
      first: align(reference.split(' '), first.split(' ')),
      second: align(reference.split(' '), second.split(' ')),
    }));
    const result = mapsswe(pairs);
    expect(result.segments).toBe(5);
    expect(result.mean).toBeCloseTo(0.6, 12);
    expect(result.deviation).toBeCloseTo(Math.sqrt(1.3), 12);
    expect(result.z).toBeCloseTo(1.17669681, 7);
    expect(result.p).toBeCloseTo(0.239316, 5);
  });
  test('no segments', () => expect(mapsswe([])).toMatchObject({ segments: 0, z: 0, p: 1 }));
});

test('twoTailed equals erfc(|z|/√2) of the C library', () => {
  const expected: [number, number][] = [
    [0, 1],
    [0.1, 0.920344325445942],
    [1, 0.31731050786291415],
    [1.96, 0.04999579029644087],
    [3, 0.0026997960632601913],
    [3.6, 0.000318217180315068],
    [5, 5.733031437583892e-7],
    [8, 1.2441921148543639e-15],
  ];
  for (const [z, p] of expected) {
    expect(Math.abs(twoTailed(z) - p)).toBeLessThan(1e-14 + 1e-12 * p);
    expect(twoTailed(-z)).toBe(twoTailed(z));
  }
  expect(twoTailed(40)).toBe(0);
});

describe('pairedBootstrap', () => {
  const random = seeded(7);
  const utterances = Array.from({ length: 400 }, () => {
    const words = 1 + Math.floor(random() * 20);
    return { words, first: Math.floor(random() * 4), second: Math.floor(random() * 4) };
  });

  test('its interval is that of the normal approximation', () => {
    const words = utterances.reduce((sum, u) => sum + u.words, 0);
    const rate = utterances.reduce((sum, u) => sum + u.first - u.second, 0) / words;
    const variance = utterances.reduce((sum, u) => sum + (u.first - u.second - rate * u.words) ** 2, 0) / words ** 2;
    const { difference, low, high, replications } = pairedBootstrap(utterances);
    expect(replications).toBe(10_000);
    expect(difference).toBeCloseTo(rate, 12);
    expect((high - low) / (2 * 1.96 * Math.sqrt(variance))).toBeCloseTo(1, 1);
    expect((high + low) / 2).toBeCloseTo(rate, 2);
  });

  test('is the same every time, and another seed gives another draw', () => {
    expect(pairedBootstrap(utterances)).toEqual(pairedBootstrap(utterances));
    expect(pairedBootstrap(utterances, 10_000, 2)).not.toEqual(pairedBootstrap(utterances));
  });

  test('draws every utterance about equally often', () => {
    // With one utterance carrying all errors, the mean of the replications' differences is its share.
    for (const chosen of [0, 49]) {
      const lone = Array.from({ length: 50 }, (_, index) => ({ words: 1, first: Number(index === chosen), second: 0 }));
      const { firstWorse } = pairedBootstrap(lone);
      // The chance that it is drawn at least once, and half of the ties.
      const drawn = 1 - (1 - 1 / 50) ** 50;
      expect(Math.abs(firstWorse - (drawn + (1 - drawn) / 2))).toBeLessThan(0.01);
    }
  });

  test('equal systems', () => {
    const equal = utterances.map((u) => ({ ...u, second: u.first }));
    expect(pairedBootstrap(equal)).toMatchObject({ difference: 0, low: 0, high: 0, firstWorse: 0.5 });
  });

  test('no words', () => expect(() => pairedBootstrap([])).toThrow(/no words/u));
});

describe('compareSystems', () => {
  const random = seeded(9);
  const references = Array.from({ length: 150 }, () => sentence(random, 8, 10));
  const system = (rate: number): Recognized[] =>
    references.map((words, index) => ({
      id: `u${index}`,
      reference: words.join(' '),
      hypothesis: distort(random, words, rate, 10).join(' '),
    }));
  const [good, alike, bad] = [system(0.1), system(0.1), system(0.3)];

  test('worse, better and the same', () => {
    expect(compareSystems(bad, good)).toMatchObject({ verdict: 'worse' });
    expect(compareSystems(good, bad)).toMatchObject({ verdict: 'better' });
    expect(compareSystems(good, alike)).toMatchObject({ verdict: 'same' });
    expect(compareSystems(bad, good).mapsswe!.z).toBeGreaterThan(1.96);
    expect(compareSystems(bad, good).bootstrap!.low).toBeGreaterThan(0);
  });

  test('the order of the utterances does not matter', () =>
    expect(compareSystems(bad, [...good].reverse())).toEqual(compareSystems(bad, good)));

  test('29 segments are too few, 30 are enough', () => {
    const few = (count: number, wrong: number): Recognized[] =>
      Array.from({ length: count }, (_, index) => ({
        id: `u${index}`,
        reference: 'a b',
        hypothesis: index < wrong ? 'x b' : 'a b',
      }));
    const right = (count: number) => few(count, 0).map((u, index) => (index === 0 ? { ...u, hypothesis: 'x y' } : u));
    expect(compareSystems(few(29, 29), right(29))).toMatchObject({ verdict: 'undecided', mapsswe: { segments: 29 } });
    expect(compareSystems(few(30, 30), right(30))).toMatchObject({ verdict: 'worse', mapsswe: { segments: 30 } });
  });

  test.each([
    ['none', [], [], /no utterances/u],
    ['fewer', good, good.slice(1), /150 and 149/u],
    ['another one', good, good.map((u, index) => (index === 5 ? { ...u, id: 'other' } : u)), /u5/u],
    [
      'another text',
      good,
      good.map((u, index) => (index === 5 ? { ...u, reference: 'q' } : u)),
      /reference of utterance u5/u,
    ],
    ['one twice', good, [...good.slice(1), good[1]!], /twice/u],
    ['no errors at all', good.map(perfect), good.map(perfect), /Neither/u],
    ['errors that never vary', good.map(wrong), good.map(perfect), /no spread/u],
  ])('no verdict: %s', (_, tested, against, reason) => {
    const comparison = compareSystems(tested, against);
    expect(comparison.verdict).toBe('undecided');
    expect(comparison.verdict === 'undecided' && comparison.reason).toMatch(reason);
  });

  test('its bootstrap is over the words and errors of sclite', () => {
    const counts = references.map((words, index) => {
      const [first, second] = [bad[index]!, good[index]!].map((u) => scoreUtterance(u.reference, u.hypothesis).errors);
      return { words: words.length, first: first!, second: second! };
    });
    expect(compareSystems(bad, good).bootstrap).toEqual(pairedBootstrap(counts));
  });
});

function perfect(utterance: Recognized): Recognized {
  return { ...utterance, hypothesis: utterance.reference };
}

function wrong(utterance: Recognized): Recognized {
  return { ...utterance, hypothesis: `${utterance.reference} extra` };
}
