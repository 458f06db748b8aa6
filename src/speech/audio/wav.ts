/**
 * Reads WAV files. Ours, because the packages at hand divide positive samples by 32767 and negative ones by 32768, while soundfile
 * and with it the training code that models come from divide all by 32768.
 */

import { maxChannels } from './limits.ts';

export interface WavHeader {
  readonly encoding: 'integer' | 'float';
  readonly bits: number;
  readonly channels: number;
  readonly sampleRate: number;
  /** Bytes from one sample of a channel to its next. */
  readonly stride: number;
  readonly dataStart: number;
  /** Samples per channel that the header promises, or undefined if its writer could not know. */
  readonly samples: number | undefined;
}

const integerFormat = 1;
const floatFormat = 3;
const extensibleFormat = 0xfffe;

/**
 * The header of a WAV file, from the file's start up to its data.
 * @throws Error if it is broken, or has an encoding other than 8-, 16-, 24- or 32-bit integers or 32- or 64-bit floats.
 */
export function readWavHeader(bytes: Uint8Array): WavHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Omit<WavHeader, 'dataStart' | 'samples'> | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = String.fromCharCode(...bytes.subarray(at, at + 4));
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    if (id === 'fmt ') {
      format = readFormat(view, start, Math.min(size, bytes.length - start));
    } else if (id === 'data') {
      if (!format) break;
      // Writers that stream leave 0 or all ones where the length belongs.
      const known = size !== 0 && size !== 0xffffffff;
      return { ...format, dataStart: start, samples: known ? Math.floor(size / format.stride) : undefined };
    }
    // Chunks start at even offsets.
    at = start + size + (size % 2);
  }
  throw new Error(format ? 'the WAV file has no data' : 'the WAV file has no format description');
}

/** A whole file: one array per channel, in [-1, 1). @throws Error if the file is cut off. */
export function decodeWav(bytes: Uint8Array): { channelData: Float32Array[]; sampleRate: number } {
  const header = readWavHeader(bytes);
  const data = bytes.subarray(header.dataStart);
  const held = Math.floor(data.length / header.stride);
  if (header.samples !== undefined && held < header.samples) {
    throw new Error(`the WAV file is cut off: ${held} of ${header.samples} samples are there`);
  }
  const whole = header.samples === undefined ? data : data.subarray(0, header.samples * header.stride);
  return { channelData: decodeWavData(whole, header), sampleRate: header.sampleRate };
}

/** Bytes of a file's data, from a whole sample on: one array per channel. Integers are divided by 2^(bits - 1), as soundfile does. */
export function decodeWavData(data: Uint8Array, header: WavHeader): Float32Array[] {
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

function readFormat(view: DataView, at: number, size: number): Omit<WavHeader, 'dataStart' | 'samples'> {
  if (size < 16) throw new Error('the WAV file is cut off');
  let format = view.getUint16(at, true);
  const channels = view.getUint16(at + 2, true);
  const sampleRate = view.getUint32(at + 4, true);
  const stride = view.getUint16(at + 12, true);
  const bits = view.getUint16(at + 14, true);
  // An extensible header names the real format in the first two bytes of its sub-format.
  if (format === extensibleFormat && size >= 26) format = view.getUint16(at + 24, true);
  const encoding = format === floatFormat ? 'float' : 'integer';
  const supported =
    (format === integerFormat && [8, 16, 24, 32].includes(bits)) || (format === floatFormat && [32, 64].includes(bits));
  if (!supported) throw new Error(`WAV format ${format} with ${bits} bits is not supported; convert it to 16-bit PCM`);
  if (channels < 1 || channels > maxChannels || stride !== (channels * bits) / 8) {
    throw new Error('the WAV file has a broken header');
  }
  return { encoding, bits, channels, sampleRate, stride };
}

function sampleReader(view: DataView, { encoding, bits }: WavHeader): (at: number) => number {
  if (encoding === 'float') {
    return bits === 32 ? (at) => view.getFloat32(at, true) : (at) => view.getFloat64(at, true);
  }
  switch (bits) {
    case 8:
      return (at) => (view.getUint8(at) - 128) / 2 ** 7;
    case 16:
      return (at) => view.getInt16(at, true) / 2 ** 15;
    case 24:
      return (at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 2 ** 23;
    default:
      return (at) => view.getInt32(at, true) / 2 ** 31;
  }
}
