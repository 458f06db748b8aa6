/** Splits long work into slices, so that the event loop runs in between. */

import { setImmediate } from 'node:timers/promises';

/** Milliseconds of a slice: too short to notice, and long enough that the pauses cost nothing. */
const slice = 8;

export class Pause {
  private since = performance.now();

  /** Whether the slice is used up. If so, await `take`. */
  get due(): boolean {
    return performance.now() - this.since > slice;
  }

  async take(): Promise<void> {
    await setImmediate();
    this.since = performance.now();
  }
}
