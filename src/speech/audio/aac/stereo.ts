/** A pair of channels of AAC that share windows: sum and difference, intensity, and common noise (ISO/IEC 14496-3, 4.6.8 and 4.6.13). */

import type { BitReader } from './bits.ts';
import { noiseBook, outOfPhaseBook, type Channel } from './channel.ts';
import { eachBand, type WindowInfo } from './window.ts';

export interface StereoMask {
  /** 0: no band is joint; 1: those that are marked; 2: all. */
  readonly mode: number;
  /** 1 for each band of each group that is joint. */
  readonly joint: Uint8Array;
}

export function readStereoMask(bits: BitReader, { bands, groups }: WindowInfo): StereoMask {
  const mode = bits.read(2);
  if (mode === 3) throw new Error('it has a stereo mask that does not exist');
  const joint = new Uint8Array(groups.length * bands).fill(mode === 2 ? 1 : 0);
  if (mode === 1) for (let i = 0; i < joint.length; i++) joint[i] = bits.read(1);
  return { mode, joint };
}

/** From what was sent to left and right, in place. */
export function separate(first: Channel, second: Channel, { mode, joint }: StereoMask): void {
  const [left, right] = [first.spectrum, second.spectrum];
  eachBand(first.info, (index, from, to) => {
    const isJoint = joint[index] === 1;
    const books = [first.books[index] ?? 0, second.books[index] ?? 0] as const;
    if (books[1] > noiseBook) {
      const isOpposite = (books[1] === outOfPhaseBook) !== (mode === 1 && isJoint);
      const share = (isOpposite ? -1 : 1) * 0.5 ** ((second.factors[index] ?? 0) / 4);
      for (let i = from; i < to; i++) right[i] = share * (left[i] ?? 0);
    } else if (isJoint && books[0] === noiseBook && books[1] === noiseBook) {
      // The same noise, as loud as each says.
      const share = 2 ** (((second.factors[index] ?? 0) - (first.factors[index] ?? 0)) / 4);
      for (let i = from; i < to; i++) right[i] = share * (left[i] ?? 0);
    } else if (isJoint && books[0] < noiseBook && books[1] < noiseBook) {
      for (let i = from; i < to; i++) {
        const [sum, difference] = [left[i] ?? 0, right[i] ?? 0];
        left[i] = sum + difference;
        right[i] = sum - difference;
      }
    }
  });
}
