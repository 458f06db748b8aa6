/** What a thread that works beside a step costs it. */

import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { slowedBy } from '../../src/train/update.ts';

const processors = availableParallelism();

test('one part of the processors’ time where the run has all of it, and less where others have most', () => {
  expect(slowedBy(3, 10, 10 * processors)).toBeCloseTo(3 / (processors + 1), 9);
  expect(slowedBy(3, 10, 5 * processors)).toBeCloseTo(1.5 / (processors + 1), 9);
});

test('nothing where it did not work, or began anew meanwhile', () => {
  expect(slowedBy(0, 10, 10)).toBe(0);
  expect(slowedBy(-2, 10, 10)).toBe(0);
});
