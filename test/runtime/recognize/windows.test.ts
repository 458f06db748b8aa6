/** Windows over a long recording: every frame of the whole counts once, at its place. */

import { expect, test } from 'vitest';
import { cutWindows } from '../../../src/runtime/recognize/windows.ts';

const hop = 320;
const of = (samples: number): number => Math.max(0, Math.floor((samples - 80) / hop));

test.each([16_001, 64_000, 100_000, 99_999, 320_000 + 7, 19_200_000])(
  'every frame of %d samples counts once',
  (samples) => {
    const frames = { of, rhythm: { samples: hop, frames: 1 } };
    const windows = cutWindows(samples, frames, 16_000, 3200);
    const counted: number[] = [];
    for (const { start, end, from, to } of windows) {
      expect(start % hop).toBe(0);
      expect(end - start).toBeLessThanOrEqual(16_000);
      expect(end).toBeLessThanOrEqual(samples);
      expect(to).toBeLessThanOrEqual(of(end - start));
      for (let frame = from; frame < to; frame++) counted.push(start / hop + frame);
    }
    expect(counted).toHaveLength(of(samples));
    expect(counted.every((frame, i) => frame === i)).toBe(true);
    // What a window adds at its inner edges, it has seen some audio beyond.
    windows.slice(1).forEach(({ from }) => expect(from).toBeGreaterThanOrEqual(4));
  },
);
