/** Which samples of an MP4 track are the recording: its edit list (ISO/IEC 14496-12, 8.6.6), or what Apple's programs write beside it. */

import { findBox, viewOf } from './boxes.ts';

export interface Clock {
  /** How long all frames last. */
  readonly ticks: number;
  /** Ticks of a second. */
  readonly timescale: number;
  readonly toSamples: (ticks: number) => number;
}

/** @param movie contents of `moov`, @param track and of the track's `trak`. */
export function readShown(
  movie: Uint8Array,
  track: Uint8Array,
  { ticks, timescale, toSamples }: Clock,
): { readonly skip: number; readonly samples: number } {
  const edit = readEdit(track);
  if (!edit) return readGapless(movie) ?? { skip: 0, samples: toSamples(ticks) };
  const header = findBox(movie, 'mvhd');
  const view = header && viewOf(header);
  const movieScale = view && view.byteLength >= 24 ? view.getUint32(view.getUint8(0) === 1 ? 20 : 12) : 0;
  const rest = Math.max(0, ticks - edit.start);
  const length = movieScale > 0 ? (edit.duration * timescale) / movieScale : 0;
  // The edit's length is in the film's clock, often of milliseconds. What is nearer to the end than that is the end.
  const isToEnd = length === 0 || length > rest - timescale / movieScale;
  return { skip: toSamples(edit.start), samples: toSamples(isToEnd ? rest : length) };
}

/** The first edit that shows something: from when, in the track's clock, and how long, in the film's. */
function readEdit(track: Uint8Array): { readonly start: number; readonly duration: number } | undefined {
  const list = findBox(track, 'edts', 'elst');
  if (!list || list.length < 8) return undefined;
  const view = viewOf(list);
  const isLong = view.getUint8(0) === 1;
  const size = isLong ? 20 : 12;
  for (let i = 0; i < view.getUint32(4) && 8 + (i + 1) * size <= list.length; i++) {
    const at = 8 + i * size;
    const duration = isLong ? view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4) : view.getUint32(at);
    const start = isLong ? view.getInt32(at + 8) * 2 ** 32 + view.getUint32(at + 12) : view.getInt32(at + 4);
    // Before 0: silence before the recording.
    if (start >= 0) return { start, duration };
  }
  return undefined;
}

/** iTunes' tag, hexadecimal numbers in a text: none, the delay, the padding and the samples between. */
function readGapless(movie: Uint8Array): { readonly skip: number; readonly samples: number } | undefined {
  const tags = findBox(movie, 'udta', 'meta');
  if (!tags) return undefined;
  const text = Buffer.from(tags.buffer, tags.byteOffset, tags.byteLength).toString('latin1');
  const found = /iTunSMPB[^]{0,64}? [0-9A-F]{8} ([0-9A-F]{8}) [0-9A-F]{8} ([0-9A-F]{16})/u.exec(text);
  if (!found) return undefined;
  return { skip: Number.parseInt(found[1] ?? '', 16), samples: Number.parseInt(found[2] ?? '', 16) };
}
