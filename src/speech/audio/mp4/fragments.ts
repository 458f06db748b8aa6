/** Where the frames of a fragmented MP4 file are, as browsers record it (ISO/IEC 14496-12, 8.8). */

import { findBox, readBoxes, viewOf } from './boxes.ts';
import { mostFrames, type Extent, type Extents } from './extents.ts';

interface Defaults {
  readonly duration: number;
  readonly size: number;
}

/** @param movie contents of `moov`. @throws Error if a fragment is broken. */
export function readFragments(bytes: Uint8Array, movie: Uint8Array, track: number): Extents {
  const general = readTrackDefaults(movie, track);
  const extents: Extent[] = [];
  let ticks = 0;
  for (const { type, body, at } of readBoxes(bytes)) {
    if (type !== 'moof') continue;
    for (const part of readBoxes(body)) {
      if (part.type !== 'traf') continue;
      const header = readHeader(part.body, general, at);
      if (header.track !== track) continue;
      let next = header.base;
      for (const run of readBoxes(part.body)) {
        if (run.type !== 'trun') continue;
        const read = readRun(run.body, header, next);
        for (const extent of read.extents) extents.push(extent);
        if (extents.length > mostFrames) throw new Error('the MP4 file says that it has too many frames');
        ticks += read.ticks;
        next = read.next;
      }
    }
  }
  return { extents, ticks };
}

function readTrackDefaults(movie: Uint8Array, track: number): Defaults {
  for (const { type, body } of readBoxes(findBox(movie, 'mvex') ?? new Uint8Array(0))) {
    const view = viewOf(body);
    if (type === 'trex' && body.length >= 24 && view.getUint32(4) === track) {
      return { duration: view.getUint32(12), size: view.getUint32(16) };
    }
  }
  return { duration: 0, size: 0 };
}

/** The `tfhd` box: which track, where its data is counted from, and what its frames are unless a run says otherwise. */
function readHeader(
  fragment: Uint8Array,
  general: Defaults,
  at: number,
): Defaults & { readonly track: number; readonly base: number } {
  const view = viewOf(findBox(fragment, 'tfhd') ?? new Uint8Array(8));
  const flags = view.getUint32(0) & 0xffffff;
  let next = 8;
  const take = (flag: number, width = 4): number | undefined => {
    if ((flags & flag) === 0) return undefined;
    next += width;
    return view.getUint32(next - 4) + (width === 8 ? view.getUint32(next - 8) * 2 ** 32 : 0);
  };
  const base = take(1, 8) ?? at;
  take(2);
  const duration = take(8) ?? general.duration;
  const size = take(16) ?? general.size;
  return { track: view.getUint32(4), base, duration, size };
}

function readRun(
  body: Uint8Array,
  { base, duration, size }: Defaults & { readonly base: number },
  behind: number,
): Extents & { readonly next: number } {
  const view = viewOf(body);
  const flags = view.getUint32(0) & 0xffffff;
  const count = view.getUint32(4);
  let place = 8;
  let next = behind;
  if (flags & 1) {
    next = base + view.getInt32(place);
    place += 4;
  }
  if (flags & 4) place += 4;
  const extents: Extent[] = [];
  let ticks = 0;
  const width = 4 * [0x100, 0x200, 0x400, 0x800].filter((flag) => flags & flag).length;
  if (place + width * count > body.length || next < 0 || count > mostFrames) {
    throw new Error('the MP4 file is broken: a fragment is cut off');
  }
  for (let i = 0; i < count; i++, place += width) {
    ticks += flags & 0x100 ? view.getUint32(place) : duration;
    const length = flags & 0x200 ? view.getUint32(place + (flags & 0x100 ? 4 : 0)) : size;
    extents.push({ at: next, size: length });
    next += length;
  }
  return { extents, ticks, next };
}
