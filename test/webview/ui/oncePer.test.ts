/** What another page draws is told at once, then so often and no oftener, and the last of it always. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { oncePer } from '../../../webview/ui/oncePer.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('the first request is met at once, those within the time together at its end', () => {
  let [newest, told]: [number, number[]] = [0, []];
  const tell = oncePer(50, () => (told = [...told, newest]));
  // A request each 10 ms, for 200 ms.
  for (; newest < 20; newest++) {
    tell();
    vi.advanceTimersByTime(10);
  }
  expect(told).toEqual([0, 4, 9, 14, 19]);
  vi.advanceTimersByTime(1000);
  expect(told).toHaveLength(5);
  tell();
  expect(told).toHaveLength(6);
  tell();
  expect(told).toHaveLength(6);
  newest = 99;
  vi.advanceTimersByTime(50);
  expect(told.at(-1)).toBe(99);
});
