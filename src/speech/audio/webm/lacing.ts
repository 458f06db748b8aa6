/** Takes the frames out of a Matroska block, which may have several (RFC 9559, 10.3). */

import { readNumber } from './elements.ts';

/** @throws Error if the lengths in it are more than it holds. */
export function unlace(block: Uint8Array): Uint8Array[] {
  let at = readNumber(block, 0, false).width + 3;
  // Behind the track's number: two bytes of time, and one of flags.
  const lacing = ((block[at - 1] ?? 0) >> 1) & 3;
  if (lacing === 0) return [block.subarray(at)];
  const count = (block[at++] ?? 0) + 1;
  const sizes: number[] = [];
  if (lacing === 2) {
    const size = (block.length - at) / count;
    for (let i = 1; i < count; i++) sizes.push(Math.floor(size));
  } else if (lacing === 1) {
    for (let i = 1; i < count; i++) {
      let size = 0;
      while (block[at] === 255) size += block[at++] ?? 0;
      sizes.push(size + (block[at++] ?? 0));
    }
  } else {
    for (let i = 1; i < count; i++) {
      const { value, width } = readNumber(block, at, false);
      at += width;
      // All but the first as differences, shifted so that they have no sign.
      const before = sizes[sizes.length - 1];
      sizes.push(before === undefined ? value : before + value - (2 ** (7 * width - 1) - 1));
    }
  }
  const frames = sizes.map((size) => {
    const frame = block.subarray(at, at + size);
    if (size < 0 || frame.length < size)
      throw new Error('the WebM file is broken: a block has frames longer than itself');
    at += size;
    return frame;
  });
  return [...frames, block.subarray(at)];
}
