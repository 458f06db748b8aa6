/** Runs a long computation in slices, so that the event loop stays responsive. */

import { setImmediate } from 'node:timers/promises';

/** Milliseconds of work in one slice: a fifth of the time that the extension host may be blocked. */
const slice = 10;

/** Applies a function to each item. After each slice, everything else that waits in the event loop runs first. */
export async function mapInSlices<T, R>(items: Iterable<T>, apply: (item: T, index: number) => R): Promise<R[]> {
  const results: R[] = [];
  let began = performance.now();
  for (const item of items) {
    results.push(apply(item, results.length));
    if (performance.now() - began < slice) continue;
    await setImmediate();
    began = performance.now();
  }
  return results;
}
