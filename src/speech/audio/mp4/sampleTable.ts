/** Where an MP4 track's frames are: `stsz`, `stsc`, `stco` or `co64`, and `stts` (ISO/IEC 14496-12, 8.6 and 8.7). */

import { findBox, needBox, readTable, viewOf } from './boxes.ts';
import { mostFrames, type Extent, type Extents } from './extents.ts';

/** @param table contents of the `stbl` box. @throws Error if the tables do not fit together. */
export function readSampleTable(table: Uint8Array): Extents {
  const sizes = readSizes(needBox(table, 'stsz'));
  const offsets = readOffsets(table);
  const runs = readTable(needBox(table, 'stsc'), 3);
  const extents: Extent[] = [];
  let run = 0;
  for (let chunk = 0; chunk < offsets.length && extents.length < sizes.count; chunk++) {
    // A run says from which chunk on, counted from 1, how many frames each chunk has.
    while (3 * (run + 1) < runs.length && (runs[3 * (run + 1)] ?? 0) <= chunk + 1) run++;
    let at = offsets[chunk] ?? 0;
    for (let left = runs[3 * run + 1] ?? 0; left > 0 && extents.length < sizes.count; left--) {
      const size = sizes.of(extents.length);
      extents.push({ at, size });
      at += size;
    }
  }
  if (extents.length < sizes.count) {
    throw new Error(`the MP4 file is broken: it says where ${extents.length} of ${sizes.count} frames are`);
  }
  const times = readTable(needBox(table, 'stts'), 2);
  let ticks = 0;
  for (let i = 0; i < times.length; i += 2) ticks += (times[i] ?? 0) * (times[i + 1] ?? 0);
  return { extents, ticks };
}

function readSizes(box: Uint8Array): { readonly count: number; readonly of: (i: number) => number } {
  if (box.length < 12) throw new Error('the MP4 file is broken: a table is cut off');
  const view = viewOf(box);
  const [all, count] = [view.getUint32(4), view.getUint32(8)];
  if (count > mostFrames) throw new Error(`the MP4 file says that it has ${count} frames, which are too many`);
  if (all > 0) return { count, of: () => all };
  const sizes = readTable(box, 1, 8);
  return { count, of: (i) => sizes[i] ?? 0 };
}

function readOffsets(table: Uint8Array): ArrayLike<number> {
  const small = findBox(table, 'stco');
  if (small) return readTable(small, 1);
  const large = readTable(needBox(table, 'co64'), 2);
  return Array.from({ length: large.length / 2 }, (_, i) => (large[2 * i] ?? 0) * 2 ** 32 + (large[2 * i + 1] ?? 0));
}
