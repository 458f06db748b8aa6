/** The order of a table's rows. */

import { expect, test } from 'vitest';
import { inOrder, type SortValue } from '../../../../webview/ui/table/tableOrder.ts';

const order = (values: readonly SortValue[], direction: 'ascending' | 'descending'): SortValue[] =>
  inOrder(values, (value) => value, direction);

test('numbers by size', () => expect(order([10, 9, -1], 'ascending')).toEqual([-1, 9, 10]));
test('names with numbers in them by those', () =>
  expect(order(['layers.10', 'layers.9'], 'ascending')).toEqual(['layers.9', 'layers.10']));
test('what is not known comes last, rising', () =>
  expect(order([null, 2, NaN, 1], 'ascending')).toEqual([1, 2, null, NaN]));
test('what is not known comes last, falling', () =>
  expect(order([null, 2, NaN, 1], 'descending')).toEqual([2, 1, null, NaN]));
test('equal rows keep their order in either direction', () => {
  const rows = [
    { key: 1, name: 'a' },
    { key: 1, name: 'b' },
    { key: 0, name: 'c' },
  ];
  const names = (direction: 'ascending' | 'descending'): string =>
    inOrder(rows, ({ key }) => key, direction)
      .map(({ name }) => name)
      .join('');
  expect([names('ascending'), names('descending')]).toEqual(['cab', 'abc']);
});
test('the list given is left as it was', () => {
  const values = [3, 1, 2];
  order(values, 'ascending');
  expect(values).toEqual([3, 1, 2]);
});
