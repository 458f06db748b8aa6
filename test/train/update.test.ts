/** What a thread that works beside a step costs it. */

import { availableParallelism } from 'node:os';
import { expect, test } from 'vitest';
import { slowedBy } from '../../src/train/update.ts';

const processors = availableParallelism();

/** As if this process had used so much processor time since. */
function before(seconds: number): NodeJS.CpuUsage {
  const { user, system } = process.cpuUsage();
  return { user: user - seconds * 1e6, system };
}

test('one part of the processors’ time where the run has all of it, and less where others have most', () => {
  expect(slowedBy(3, 10, before(10 * processors))).toBeCloseTo(3 / (processors + 1), 2);
  expect(slowedBy(3, 10, before(5 * processors))).toBeCloseTo(1.5 / (processors + 1), 2);
});

test('nothing where it did not work, or began anew meanwhile', () => {
  expect(slowedBy(0, 10, before(10))).toBe(0);
  expect(slowedBy(-2, 10, before(10))).toBe(0);
});
