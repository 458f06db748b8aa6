/** Steps on their way to a page: one message at a time, in order, and none that the page has. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StepsToPage } from '../../../src/host/panels/stepsToPage.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function page() {
  const posted: (readonly number[])[] = [];
  const answers: ((passed: boolean) => void)[] = [];
  const steps = new StepsToPage<number>((points) => {
    posted.push(points);
    return new Promise((resolve) => answers.push(resolve));
  });
  const answer = async (): Promise<void> => {
    answers.shift()?.(true);
    await vi.advanceTimersByTimeAsync(0);
  };
  return { steps, posted, answer };
}

test('steps that come while one is passed on go together', async () => {
  const { steps, posted, answer } = page();
  for (const at of [1, 2, 3]) steps.add([at]);
  expect(posted).toEqual([[1]]);
  await answer();
  expect(posted).toEqual([[1], [2, 3]]);
  await answer();
  steps.add([4, 5]);
  expect(posted).toEqual([[1], [2, 3], [4, 5]]);
});

test('what the history of a page holds is not sent', async () => {
  const { steps, posted, answer } = page();
  for (const at of [1, 2]) steps.add([at]);
  steps.forget();
  steps.add([3]);
  await answer();
  expect(posted).toEqual([[1], [3]]);
});

test('a message that is never answered does not hold up the others for long', async () => {
  const { steps, posted } = page();
  for (const at of [1, 2]) steps.add([at]);
  await vi.advanceTimersByTimeAsync(900);
  expect(posted).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(200);
  expect(posted).toEqual([[1], [2]]);
});

test('a page that is gone takes nothing, and nothing waits', async () => {
  const posted: (readonly number[])[] = [];
  const steps = new StepsToPage<number>((points) => void posted.push(points));
  steps.add([1]);
  await vi.advanceTimersByTimeAsync(0);
  steps.add([2]);
  expect(posted).toEqual([[1], [2]]);
});
