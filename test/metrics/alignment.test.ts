/** Word alignment, worked by hand; test/metrics/sctk.test.ts holds it against sclite. */

import { describe, expect, test } from 'vitest';
import { align, editDistance } from '../../src/metrics/alignment.ts';
import { seeded, sentence } from './random.ts';

/** An alignment as letters: C, S, D, I. */
const letters = (reference: string, hypothesis: string): string =>
  align(reference.split(' ').filter(Boolean), hypothesis.split(' ').filter(Boolean))
    .map((edit) => edit.kind[0]!.toUpperCase())
    .join('');

describe('align', () => {
  test('equal sentences', () => expect(letters('a b c', 'a b c')).toBe('CCC'));
  test('nothing said, nothing heard', () => expect(letters('', '')).toBe(''));
  test('nothing said', () => expect(letters('', 'a b')).toBe('II'));
  test('nothing heard', () => expect(letters('a b', '')).toBe('DD'));
  test('one of each', () => expect(letters('a b c d', 'x b d e')).toBe('SCDCI'));
  test('a deletion and an insertion around a right word are cheaper than two substitutions', () =>
    expect(letters('a b', 'b c')).toBe('DCI'));
  test('eight substitutions are dearer than five deletions and five insertions, though fewer', () => {
    expect(letters('a b c d e x y z', 'x y z f g h i j')).toBe('DDDDDCCCIIIII');
    expect(editDistance(Array.from('abcdexyz'), Array.from('xyzfghij'))).toBe(8);
  });
  test('words keep their own spelling', () =>
    expect(align(['one', 'two'], ['one', 'too'])).toEqual([
      { kind: 'correct', reference: 'one', hypothesis: 'one' },
      { kind: 'substitution', reference: 'two', hypothesis: 'too' },
    ]));
});

describe('editDistance', () => {
  test('kitten, sitting', () => expect(editDistance(Array.from('kitten'), Array.from('sitting'))).toBe(3));
  test('with nothing', () => expect(editDistance([], Array.from('abc'))).toBe(3));

  test('equals the plain recursion on random pairs', () => {
    const recursive = (a: readonly string[], b: readonly string[]): number => {
      if (a.length === 0 || b.length === 0) return a.length + b.length;
      const [restA, restB] = [a.slice(1), b.slice(1)];
      const paired = recursive(restA, restB) + Number(a[0] !== b[0]);
      return Math.min(paired, recursive(restA, b) + 1, recursive(a, restB) + 1);
    };
    const random = seeded(3);
    for (let index = 0; index < 100; index++) {
      const a = sentence(random, Math.floor(random() * 6), 3);
      const b = sentence(random, Math.floor(random() * 6), 3);
      expect(editDistance(a, b)).toBe(recursive(a, b));
    }
  });
});
