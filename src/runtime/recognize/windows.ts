/** Cuts a long recording into overlapping windows whose frames are frames of the recording. */

import type { Frames } from '../frames.ts';

export interface AudioWindow {
  /** Samples: from, and up to but not including. */
  readonly start: number;
  readonly end: number;
  /** The valid frames of the window; the others belong to a neighbour. */
  readonly from: number;
  readonly to: number;
}

/**
 * Windows begin at multiples of the model's rhythm, so that frame k of a window that begins r rhythms in is frame k + r of the recording.
 * Neighbours are joined in the middle of their shared frames. The last window starts earlier, to be as long as the others.
 * @param length of a window, in samples; several rhythms at least.
 * @param overlap in samples, less than the length.
 */
export function cutWindows(
  samples: number,
  frames: { readonly of: Frames['of']; readonly rhythm: NonNullable<Frames['rhythm']> },
  length: number,
  overlap: number,
): AudioWindow[] {
  const { rhythm } = frames;
  const hop = Math.max(1, Math.floor((length - overlap) / rhythm.samples));
  const last = Math.max(0, Math.ceil((samples - length) / rhythm.samples));
  const starts: number[] = [];
  for (let start = 0; start < last; start += hop) starts.push(start);
  starts.push(last);
  const pieces = starts.map((start, i) => {
    const from = start * rhythm.samples;
    const end = i === starts.length - 1 ? samples : Math.min(samples, from + length);
    const first = start * rhythm.frames;
    return { start: from, end, first, beyond: first + frames.of(end - from) };
  });
  const joins = pieces.slice(1).map(({ first }, i) => Math.floor((first + (pieces[i]?.beyond ?? first)) / 2));
  return pieces.map(({ start, end, first, beyond }, i) => ({
    start,
    end,
    from: (joins[i - 1] ?? first) - first,
    to: (joins[i] ?? beyond) - first,
  }));
}
