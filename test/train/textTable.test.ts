/** Tables and numbers for people. */

import { expect, test } from 'vitest';
import { byteSize, count, percent, textTable } from '../../src/train/textTable.ts';

test('numbers stand right, words left', () =>
  expect(
    textTable(
      [
        ['layer', 'op', 'size'],
        ['q_proj', 'MatMul', '9'],
        ['k', 'Add', '1,234'],
      ],
      [1],
    ),
  ).toBe(['layer   op       size', 'q_proj  MatMul      9', 'k       Add     1,234', ''].join('\n')));
test('cells may be missing', () => expect(textTable([['a', 'b'], ['c']])).toBe('a  b\nc\n'));
test('no rows', () => expect(textTable([])).toBe(''));
test('percent', () => expect(percent(0.0546272)).toBe('5.46 %'));
test('count', () => expect(count(1668176)).toBe('1,668,176'));
test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [6_700_000, '6.7 MB'],
  [5e12, '5000.0 GB'],
])('%d bytes', (bytes, text) => expect(byteSize(bytes)).toBe(text));
