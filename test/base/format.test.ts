/** Numbers as people read them. */

import { byteSize, count, counted, duration, percent, shortCount, significant, small } from '../../src/base/format.ts';
import { describe, expect, test } from 'vitest';

describe('durations', () => {
  test.each([
    [0.4, 'under 1 s'],
    [45, '45 s'],
    [59.4, '59 s'],
    [59.6, '1 min'],
    [180, '3 min'],
    [3599, '1 h'],
    [4800, '1 h 20 min'],
    [86_399, '1 d'],
    [183_600, '2 d 3 h'],
    [NaN, '–'],
    [-1, '–'],
    [Infinity, '–'],
  ])('%d seconds are "%s"', (seconds, text) => expect(duration(seconds)).toBe(text));
});

describe('counts in short', () => {
  test.each([
    [999, '999'],
    [1000, '1 k'],
    [94_371_712, '94.4 M'],
    [999_900, '1 M'],
    [1_540_000_000, '1.54 G'],
  ])('%d is "%s"', (value, text) => expect(shortCount(value)).toBe(text));
});

describe('three digits', () => {
  test.each([
    [0, '0'],
    [0.41234, '0.412'],
    [12_345.6, '12300'],
    [-0.000012345, '-1.23e-5'],
    [NaN, '–'],
  ])('%d is "%s"', (value, text) => expect(significant(value)).toBe(text));
});

test('percent', () => expect([percent(0.6543), percent(0.6543, 0), percent(NaN)]).toEqual(['65.4 %', '65 %', '–']));
test('whole numbers', () => expect(count(1668176)).toBe('1,668,176'));
test('a number of things', () =>
  expect([counted(1, 'utterance'), counted(1000, 'matrix', 'matrices')]).toEqual(['1 utterance', '1,000 matrices']));
test('small numbers', () => expect([small(0.002), small(9.4e-5), small(0)]).toEqual(['0.002', '9.4e-5', '0']));

describe('bytes', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [14_000, '14 kB'],
    [6_700_000, '6.7 MB'],
    [1_260_000_000, '1.26 GB'],
    [5e12, '5000.00 GB'],
  ])('%d are %s', (bytes, text) => expect(byteSize(bytes)).toBe(text));
});
