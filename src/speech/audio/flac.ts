/** Reads the length of a FLAC file from its first block. */

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
