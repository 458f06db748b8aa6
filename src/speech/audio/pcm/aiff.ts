/**
 * Reads the headers of AIFF and AIFF-C files (Apple, "Audio Interchange File Format AIFF-C", draft of 1991). Ours, because the package at hand takes
 * 8-bit samples for unsigned ones, and decodes only whole files.
 */

import { maxChannels } from '../limits.ts';
import type { PcmHeader } from './pcm.ts';

/**
 * The header, from the file's start up to its samples.
 * @throws Error if it is broken or cut off, or the samples are compressed.
 */
export function readAiffHeader(bytes: Uint8Array): PcmHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  const isCompressed = name(8) === 'AIFC';
  let format: Omit<PcmHeader, 'dataStart'> | undefined;
  let dataStart: number | undefined;
  for (let at = 12; at + 8 <= bytes.length && !(format && dataStart !== undefined);) {
    const size = view.getUint32(at + 4);
    const start = at + 8;
    if (name(at) === 'COMM') {
      if (size < (isCompressed ? 22 : 18) || start + size > bytes.length) break;
      format = readFormat(view, start, isCompressed ? name(start + 18) : 'NONE');
    } else if (name(at) === 'SSND') {
      if (start + 8 > bytes.length) break;
      dataStart = start + 8 + view.getUint32(start);
    }
    // Chunks start at even offsets.
    at = start + size + (size % 2);
  }
  if (!format) throw new Error('the AIFF file has no format description, or is cut off in it');
  if (dataStart === undefined) throw new Error('the AIFF file has no samples');
  return { ...format, dataStart };
}

/** What the kinds of AIFF-C hold; the bits of those that are not said here are in the header. */
const kinds: Readonly<Record<string, Pick<PcmHeader, 'encoding' | 'bigEndian'> & { readonly bits?: number }>> = {
  none: { encoding: 'integer', bigEndian: true },
  twos: { encoding: 'integer', bigEndian: true },
  sowt: { encoding: 'integer', bigEndian: false },
  in24: { encoding: 'integer', bigEndian: true, bits: 24 },
  in32: { encoding: 'integer', bigEndian: true, bits: 32 },
  'raw ': { encoding: 'unsigned', bigEndian: true, bits: 8 },
  fl32: { encoding: 'float', bigEndian: true, bits: 32 },
  fl64: { encoding: 'float', bigEndian: true, bits: 64 },
  ulaw: { encoding: 'ulaw', bigEndian: true, bits: 8 },
  alaw: { encoding: 'alaw', bigEndian: true, bits: 8 },
};

function readFormat(view: DataView, at: number, compression: string): Omit<PcmHeader, 'dataStart'> {
  const kind = kinds[compression.toLowerCase()];
  if (!kind) throw new Error(`AIFF-C audio of kind "${compression}" is not supported; convert it to FLAC or WAV`);
  const channels = view.getUint16(at);
  const samples = view.getUint32(at + 2);
  // Samples of 12 or 20 bits fill the upper bits of whole bytes.
  const bits = kind.bits ?? 8 * Math.ceil(view.getUint16(at + 6) / 8);
  if (
    channels < 1 ||
    channels > maxChannels ||
    ![8, 16, 24, 32, 64].includes(bits) ||
    (bits === 64) !== (kind.bits === 64)
  ) {
    throw new Error('the AIFF file has a broken header');
  }
  // Programs that write to a pipe leave nothing or the largest number.
  const isKnown = samples !== 0 && samples < 0x7f000000;
  return {
    encoding: kind.encoding,
    bigEndian: kind.bigEndian,
    bits,
    channels,
    // Old Macintosh computers had 22,254.54… Hz.
    sampleRate: Math.round(readExtended(view, at + 8)),
    stride: (channels * bits) / 8,
    samples: isKnown ? samples : undefined,
  };
}

/** An 80-bit float: a sign, 15 bits of exponent, 64 of mantissa with its leading one. */
function readExtended(view: DataView, at: number): number {
  const exponent = view.getUint16(at) - 16_383;
  const mantissa = view.getUint32(at + 2) * 2 ** 32 + view.getUint32(at + 6);
  return mantissa * 2 ** (exponent - 63);
}
