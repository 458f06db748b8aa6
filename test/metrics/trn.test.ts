/** The trn writer; test/metrics/sctk.test.ts has sclite read what it writes. */

import { expect, test } from 'vitest';
import { formatTrn } from '../../src/metrics/trn.ts';

test('words, then the id in brackets', () =>
  expect(formatTrn([{ id: 'spk-1', text: ' a  b ' }])).toBe('a b (spk-1)\n'));
test('an empty text keeps its line', () => expect(formatTrn([{ id: 'u', text: '' }])).toBe(' (u)\n'));
test("sclite's markup is written as bytes", () =>
  expect(formatTrn([{ id: 'u', text: "{a/b} (c) @ d* ;; it's 50%" }])).toBe(
    "%7Ba%2Fb%7D %28c%29 %40 d%2A %3B%3B it's 50%25 (u)\n",
  ));
test('ids cannot end the bracket or the line', () =>
  expect(formatTrn([{ id: 'a b)\nc', text: 'x' }])).toBe('x (a%20b%29%0Ac)\n'));
test('other alphabets stay', () => expect(formatTrn([{ id: 'u', text: 'größe да' }])).toBe('größe да (u)\n'));
