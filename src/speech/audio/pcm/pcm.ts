/**
 * Samples that stand in a file one by one: whole numbers, floats, and G.711. Ours, because the packages at hand divide positive samples by 32767 and
 * negative ones by 32768, while soundfile and with it the training code that models come from divide all by 32768, and because a part of
 * a long recording is then read without the rest.
 */

export interface PcmHeader {
  readonly encoding: 'integer' | 'unsigned' | 'float' | 'ulaw' | 'alaw';
  readonly bits: number;
  readonly bigEndian: boolean;
  readonly channels: number;
  readonly sampleRate: number;
  /** Bytes from one sample of a channel to its next. */
  readonly stride: number;
  readonly dataStart: number;
  /** Samples per channel that the header promises, or undefined if its writer could not know. */
  readonly samples: number | undefined;
}

/**
 * A whole file: one array per channel, in [-1, 1).
 * @param kind of file, for messages.
 * @throws Error if the file is cut off.
 */
export function decodePcmFile(
  bytes: Uint8Array,
  header: PcmHeader,
  kind: string,
): { channelData: Float32Array[]; sampleRate: number } {
  const data = bytes.subarray(header.dataStart);
  const held = Math.floor(data.length / header.stride);
  if (header.samples !== undefined && held < header.samples) {
    throw new Error(`the ${kind} file is cut off: ${held} of ${header.samples} samples are there`);
  }
  const whole = header.samples === undefined ? data : data.subarray(0, header.samples * header.stride);
  return { channelData: decodePcm(whole, header), sampleRate: header.sampleRate };
}

/** Bytes of a file's data, from a whole sample on: one array per channel. Integers are divided by 2^(bits - 1), as soundfile does. */
export function decodePcm(data: Uint8Array, header: PcmHeader): Float32Array[] {
  const { channels, stride } = header;
  const samples = Math.floor(data.length / stride);
  const read = sampleReader(new DataView(data.buffer, data.byteOffset, data.byteLength), header);
  const width = header.bits / 8;
  return Array.from({ length: channels }, (_, channel) => {
    const out = new Float32Array(samples);
    for (let i = 0, at = channel * width; i < samples; i++, at += stride) out[i] = read(at);
    return out;
  });
}

function sampleReader(view: DataView, { encoding, bits, bigEndian }: PcmHeader): (at: number) => number {
  const little = !bigEndian;
  switch (encoding) {
    case 'float':
      return bits === 32 ? (at) => view.getFloat32(at, little) : (at) => view.getFloat64(at, little);
    case 'ulaw':
      return (at) => muLaw[view.getUint8(at)] ?? 0;
    case 'alaw':
      return (at) => aLaw[view.getUint8(at)] ?? 0;
    case 'unsigned':
      return (at) => (view.getUint8(at) - 128) / 2 ** 7;
    case 'integer':
      return integerReader(view, bits, little);
  }
}

function integerReader(view: DataView, bits: number, little: boolean): (at: number) => number {
  switch (bits) {
    case 8:
      return (at) => view.getInt8(at) / 2 ** 7;
    case 16:
      return (at) => view.getInt16(at, little) / 2 ** 15;
    case 24:
      return little
        ? (at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 2 ** 23
        : (at) => ((view.getInt16(at) << 8) | view.getUint8(at + 2)) / 2 ** 23;
    default:
      return (at) => view.getInt32(at, little) / 2 ** 31;
  }
}

/** Sample of each µ-law code: sign, 3 bits of exponent, 4 of mantissa, all inverted (ITU-T G.711, table 2). */
const muLaw = Float32Array.from({ length: 256 }, (_, code) => {
  const inverted = ~code & 0xff;
  const magnitude = ((((inverted & 15) << 3) + 132) << ((inverted >> 4) & 7)) - 132;
  return (inverted & 0x80 ? -magnitude : magnitude) / 2 ** 15;
});

/** Sample of each A-law code: the same fields, every other bit inverted (ITU-T G.711, table 1). */
const aLaw = Float32Array.from({ length: 256 }, (_, code) => {
  const plain = code ^ 0x55;
  const exponent = (plain >> 4) & 7;
  const mantissa = ((plain & 15) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return (plain & 0x80 ? magnitude : -magnitude) / 2 ** 15;
});
