/** Reads WAV files: RIFF, RF64 and BW64, with samples one by one or in blocks of ADPCM. */

import { adpcmFormats, decodeAdpcm, type AdpcmHeader } from './adpcm.ts';
import { maxChannels } from '../limits.ts';
import { decodePcmFile, type PcmHeader } from './pcm.ts';

type Format = Omit<PcmHeader, 'dataStart' | 'samples'> | Omit<AdpcmHeader, 'dataStart' | 'bytes' | 'samples'>;

const integerFormat = 1;
const floatFormat = 3;
const aLawFormat = 6;
const muLawFormat = 7;
const extensibleFormat = 0xfffe;

/** Lengths from here on are what programs write that do not know: all ones, or the largest number that their own code can hold. */
const unknownLength = 0x7fff0000;

/**
 * The header of a WAV file, from the file's start up to its data.
 * @throws Error if it is broken, or has an encoding other than integers, floats, µ-law, A-law, and ADPCM of IMA and Microsoft.
 */
export function readWavHeader(bytes: Uint8Array): PcmHeader | AdpcmHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Format | undefined;
  /** Bytes of data in a file of more than 4 GB, which has all ones where smaller files have the length (EBU Tech 3306). */
  let longData: number | undefined;
  let counted: number | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = String.fromCharCode(...bytes.subarray(at, at + 4));
    const size = view.getUint32(at + 4, true);
    const start = at + 8;
    if (id === 'fmt ') {
      format = readFormat(view, start, Math.min(size, bytes.length - start));
    } else if (id === 'ds64' && size >= 16 && start + 16 <= bytes.length) {
      longData = view.getUint32(start + 8, true) + view.getUint32(start + 12, true) * 2 ** 32;
    } else if (id === 'fact' && size >= 4 && start + 4 <= bytes.length) {
      counted = view.getUint32(start, true);
    } else if (id === 'data') {
      if (!format) break;
      const claimed = size === 0xffffffff ? (longData ?? size) : size;
      const isKnown = claimed !== 0 && (longData === claimed || claimed < unknownLength);
      const known = isKnown ? claimed : undefined;
      if ('block' in format) return { ...format, dataStart: start, bytes: known, samples: counted };
      return { ...format, dataStart: start, samples: known && Math.floor(known / format.stride) };
    }
    // Chunks start at even offsets.
    at = start + size + (size % 2);
  }
  throw new Error(format ? 'the WAV file has no data' : 'the WAV file has no format description');
}

/** A whole file: one array per channel, in [-1, 1). @throws Error if the file is cut off. */
export function decodeWav(bytes: Uint8Array): { channelData: readonly Float32Array[]; sampleRate: number } {
  const header = readWavHeader(bytes);
  return 'block' in header ? decodeAdpcm(bytes, header) : decodePcmFile(bytes, header, 'WAV');
}

function readFormat(view: DataView, at: number, size: number): Format {
  if (size < 16) throw new Error('the WAV file is cut off');
  let format = view.getUint16(at, true);
  const channels = view.getUint16(at + 2, true);
  const sampleRate = view.getUint32(at + 4, true);
  const stride = view.getUint16(at + 12, true);
  const bits = view.getUint16(at + 14, true);
  // An extensible header names the real format in the first two bytes of its sub-format.
  if (format === extensibleFormat && size >= 26) format = view.getUint16(at + 24, true);
  const broken = new Error('the WAV file has a broken header');
  if (channels < 1 || channels > maxChannels) throw broken;
  const adpcm = adpcmFormats[format];
  if (adpcm !== undefined) return { adpcm, channels, sampleRate, block: stride };
  const encoding = encodingOf(format, bits);
  if (!encoding) throw new Error(`WAV format ${format} with ${bits} bits is not supported; convert it to 16-bit PCM`);
  // Some writers leave the 16 bits of the sound before µ-law there.
  const width = encoding === 'ulaw' || encoding === 'alaw' ? 8 : bits;
  if (stride !== (channels * width) / 8) throw broken;
  return { encoding, bits: width, bigEndian: false, channels, sampleRate, stride };
}

function encodingOf(format: number, bits: number): PcmHeader['encoding'] | undefined {
  switch (format) {
    case integerFormat:
      if (bits === 8) return 'unsigned';
      return [16, 24, 32].includes(bits) ? 'integer' : undefined;
    case floatFormat:
      return [32, 64].includes(bits) ? 'float' : undefined;
    case aLawFormat:
      return 'alaw';
    case muLawFormat:
      return 'ulaw';
    default:
      return undefined;
  }
}
