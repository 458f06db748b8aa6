/** Several things at once: in order, no more than allowed, and ended by the first error. */

import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { concurrently } from '../../src/base/concurrently.ts';

test('results keep the order of the items, and no more run at once than allowed', async () => {
  let [running, most] = [0, 0];
  const results = await concurrently([30, 1, 20, 2, 10], 2, async (milliseconds, i) => {
    most = Math.max(most, ++running);
    await setTimeout(milliseconds);
    running--;
    return i;
  });
  expect(results).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
  expect(await concurrently([], 3, () => Promise.resolve(1))).toEqual([]);
});

test('the first error ends it, and nothing more is begun', async () => {
  const begun: number[] = [];
  const work = async (item: number): Promise<void> => {
    begun.push(item);
    await setTimeout(5 * item);
    if (item === 2) throw new Error('two');
  };
  await expect(concurrently([1, 2, 3, 4, 5, 6], 2, work)).rejects.toThrow('two');
  await setTimeout(40);
  expect(begun).toEqual([1, 2, 3]);
});
