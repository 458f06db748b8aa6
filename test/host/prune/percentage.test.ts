import { describe, expect, test } from 'vitest';
import { asPercent, parsePercent } from '../../../src/host/prune/percentage.ts';

describe('a typed percentage', () => {
  test.each([
    ['70', 0.7],
    [' 70.5 % ', 0.705],
    ['70,5', 0.705],
    ['0', 0],
    ['99.9', 0.999],
    ['100', undefined],
    ['-1', undefined],
    ['', undefined],
    ['%', undefined],
    ['seventy', undefined],
    ['NaN', undefined],
  ])('%j', (text, share) => expect(parsePercent(text)).toBe(share));
});

test.each([
  [0.65, 65],
  [0.29, 29],
  [0.705, 70.5],
])('%d is shown as %d', (share, percent) => expect(asPercent(share)).toBe(percent));
