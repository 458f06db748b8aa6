/** The rows that a filter lets through, and their number in words. */

import { describe, expect, test } from 'vitest';
import { filterSummary, passes, type FilteredView } from '../../../../webview/ui/table/tableFilter.ts';

const view = (text: string, only = false): FilteredView => ({
  sort: { column: 'order', direction: 'ascending' },
  text,
  only,
});
const rows = [
  { text: 'layers.0.q_proj', keeps: true },
  { text: 'layers.1.q_proj', keeps: false },
  { text: 'lm_head', keeps: true },
];
const shown = (text: string, only?: boolean): string[] =>
  rows.filter((row) => passes(view(text, only), row.text, row.keeps)).map((row) => row.text);

describe('rows', () => {
  test('without a text and a tick, all pass', () => expect(shown('')).toEqual(rows.map(({ text }) => text)));
  test('the text may stand anywhere in them', () =>
    expect(shown('q_proj')).toEqual(rows.slice(0, 2).map(({ text }) => text)));
  test('capitals and blanks around the text do not count', () => expect(shown('  LM_Head ')).toEqual(['lm_head']));
  test('the checkbox removes those it does not keep', () =>
    expect(shown('', true)).toEqual(['layers.0.q_proj', 'lm_head']));
  test('text and checkbox apply together', () => expect(shown('q_proj', true)).toEqual(['layers.0.q_proj']));
  test('no row has the text', () => expect(shown('k_proj')).toEqual([]));
});

describe('the number of rows', () => {
  const noun = ['layer', 'layers'] as const;
  test.each([
    ['all of them', { shown: 1200, read: 1200, total: 1200 }, '1,200 layers'],
    ['the only one', { shown: 1, read: 1, total: 1 }, '1 layer'],
    ['some of them', { shown: 3, read: 24, total: 24 }, '3 of 24 layers'],
    ['none of one', { shown: 0, read: 1, total: 1 }, '0 of 1 layer'],
    ['none because there are none', { shown: 0, read: 0, total: 0 }, '0 layers'],
    ['not yet read to the end', { shown: 10, read: 10, total: 24 }, 'Reading 24 layers…'],
  ])('%s', (_, counts, text) => expect(filterSummary(noun, counts)).toBe(text));
});
