/** Sizes and latencies as people write them, and what is refused. */

import { expect, test } from 'vitest';
import { latencyFlag, sizeFlag } from '../../src/cli/targetFlags.ts';

const [size, latency] = [sizeFlag('--target-size'), latencyFlag('--target-latency')];

test.each([
  ['1.5MB', { amount: 1.5e6 }],
  ['900 kb', { amount: 900e3 }],
  ['10%', { ratio: 0.1 }],
  ['0.1x', { ratio: 0.1 }],
])('size %s', (text, expected) => expect(size(text)).toEqual(expected));

test.each([
  ['0.5', { ratio: 0.5 }],
  ['50%', { ratio: 0.5 }],
  ['120ms', { amount: 120 }],
  ['1.5 s', { amount: 1500 }],
])('latency %s', (text, expected) => expect(latency(text)).toEqual(expected));

test.each(['1.5', 'MB', '0MB', '-1MB', '1.5.2MB', '3ms', ''])('a size is not "%s"', (text) =>
  expect(() => size(text)).toThrow(`--target-size must be such as 1.5MB or 10%; it is "${text}".`),
);
