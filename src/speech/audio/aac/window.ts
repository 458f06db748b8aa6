/** How a frame is cut into windows and its spectrum into bands (ics_info of ISO/IEC 14496-3, 4.4.2.1). */

import type { Bands } from './bands.ts';
import type { BitReader } from './bits.ts';
import { frameSamples } from './config.ts';

/** One long window, or eight short ones, and what leads from one to the other. */
export const windowSequences = ['long', 'start', 'short', 'stop'] as const;

export interface WindowInfo {
  readonly sequence: (typeof windowSequences)[number];
  /** Kaiser-Bessel derived; else a sine. */
  readonly isKaiser: boolean;
  /** Bands that anything is sent of. */
  readonly bands: number;
  /** Windows of each group: short windows share what is sent on bands. */
  readonly groups: readonly number[];
  /** First lines of the bands of one window, and the end of the last. */
  readonly edges: Uint16Array;
  /** Lines of one window. */
  readonly lines: number;
}

export function readWindowInfo(bits: BitReader, bands: Bands): WindowInfo {
  bits.skip(1);
  const sequence = windowSequences[bits.read(2)] ?? 'long';
  const isKaiser = bits.flag();
  const isShort = sequence === 'short';
  const edges = isShort ? bands.short : bands.long;
  const used = bits.read(isShort ? 4 : 6);
  if (used > edges.length - 1) throw new Error(`it has ${used} bands, which are too many`);
  const groups = [1];
  if (isShort) {
    for (let mask = bits.read(7), bit = 64; bit > 0; bit >>= 1) {
      // A set bit: the next window belongs to the same group.
      if (mask & bit) groups.push((groups.pop() ?? 0) + 1);
      else groups.push(1);
    }
  } else if (bits.flag()) {
    throw new Error('it uses prediction, which AAC-LC does not have');
  }
  return { sequence, isKaiser, bands: used, groups, edges, lines: isShort ? frameSamples / 8 : frameSamples };
}

/** Calls back for each band of each window: its index in `books`, and its lines from and to. */
export function eachBand(
  { groups, bands, edges, lines }: WindowInfo,
  visit: (index: number, from: number, to: number) => void,
): void {
  let window = 0;
  for (const [group, windows] of groups.entries()) {
    for (let band = 0; band < bands; band++) {
      for (let w = window; w < window + windows; w++) {
        const start = w * lines;
        visit(group * bands + band, start + (edges[band] ?? 0), start + (edges[band + 1] ?? 0));
      }
    }
    window += windows;
  }
}
