/** Reads a FLAC file's first block and its blocks' places. */

export interface FlacInfo {
  readonly sampleRate: number;
  /** Samples per channel, or undefined if the encoder did not know. */
  readonly samples: number | undefined;
}

/** The stream information of a FLAC file (RFC 9639, 8.2), which its first 42 bytes hold. @throws Error if it is cut off. */
export function readFlacInfo(bytes: Uint8Array): FlacInfo {
  if (bytes.length < 42) throw new Error('the FLAC file is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // 20 bits of sample rate, 3 of channels, 5 of bit depth, 36 of sample count.
  const sampleRate = view.getUint32(18) >>> 12;
  const samples = (view.getUint8(21) & 15) * 2 ** 32 + view.getUint32(22);
  return { sampleRate, samples: samples === 0 ? undefined : samples };
}

/** No header of a frame is longer (RFC 9639, 9.1). */
const longestHeader = 16;

/**
 * The file with the start of another frame behind its last one, which decodes to nothing. codec-parser, which finds the frames for the decoder, loses the
 * last frame if what looks like a frame's start, the bytes ff f8 or ff f9, is among its last bytes: it waits for the rest of that header. With a
 * real header behind it, the last frame ends like all others.
 */
export function withFrameBehind(bytes: Uint8Array): Uint8Array {
  let at = 4;
  for (let last = false; !last && at + 4 <= bytes.length;) {
    last = ((bytes[at] ?? 0) & 0x80) !== 0;
    at += 4 + (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0));
  }
  if (at + longestHeader > bytes.length) return bytes;
  return Buffer.concat([bytes, bytes.subarray(at, at + longestHeader)]);
}
