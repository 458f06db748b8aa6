/** Small numbers as parquet packs them: runs of one value, and groups of eight with as few bits as they need (Encodings.md, RLE). */

/** @param count of numbers. @throws Error if the bytes end before. */
export function readHybrid(bytes: Uint8Array, width: number, count: number): Uint32Array {
  const out = new Uint32Array(count);
  let [at, done] = [0, 0];
  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw new Error('the parquet file is broken');
    return value;
  };
  while (done < count) {
    let header = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const part = byte();
      header += (part & 127) * 2 ** shift;
      more = part > 127;
      if (shift > 28) throw new Error('the parquet file is broken');
    }
    const length = Math.floor(header / 2);
    if (length === 0) throw new Error('the parquet file is broken');
    if (header % 2 === 0) {
      let value = 0;
      for (let n = 0; n < Math.ceil(width / 8); n++) value += byte() * 2 ** (8 * n);
      out.fill(value, done, done + length);
      done += length;
      continue;
    }
    // Groups of eight; the last may be filled up.
    let [held, bits] = [0, 0];
    for (let n = 0; n < 8 * length && done < count; n++) {
      while (bits < width) {
        held += byte() * 2 ** bits;
        bits += 8;
      }
      out[done++] = held % 2 ** width;
      held = Math.floor(held / 2 ** width);
      bits -= width;
    }
  }
  return out;
}
