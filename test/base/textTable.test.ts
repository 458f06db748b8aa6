/** Plain tables. */

import { expect, test } from 'vitest';
import { textTable } from '../../src/base/textTable.ts';

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
