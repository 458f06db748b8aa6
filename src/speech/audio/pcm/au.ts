/** Reads the headers of AU files (`.au`, `.snd`; Sun's audio(4) manual page). */

import { maxChannels } from '../limits.ts';
import type { PcmHeader } from './pcm.ts';

const encodings: Readonly<Record<number, Pick<PcmHeader, 'encoding' | 'bits'>>> = {
  1: { encoding: 'ulaw', bits: 8 },
  2: { encoding: 'integer', bits: 8 },
  3: { encoding: 'integer', bits: 16 },
  4: { encoding: 'integer', bits: 24 },
  5: { encoding: 'integer', bits: 32 },
  6: { encoding: 'float', bits: 32 },
  7: { encoding: 'float', bits: 64 },
  27: { encoding: 'alaw', bits: 8 },
};

/** The header, from the file's start. @throws Error if it is broken or cut off, or the samples are compressed. */
export function readAuHeader(bytes: Uint8Array): PcmHeader {
  if (bytes.length < 24) throw new Error('the AU file is cut off in its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // ".snd"; DEC's machines wrote "dns." and everything with the last byte first.
  const little = bytes[0] === 0x64;
  const read = (at: number): number => view.getUint32(at, little);
  const [dataStart, size, code] = [read(4), read(8), read(12)];
  const kind = encodings[code];
  if (!kind) throw new Error(`AU audio of encoding ${code} is not supported; convert it to FLAC or WAV`);
  const channels = read(20);
  if (dataStart < 24 || channels < 1 || channels > maxChannels) throw new Error('the AU file has a broken header');
  const stride = (channels * kind.bits) / 8;
  return {
    ...kind,
    bigEndian: !little,
    channels,
    sampleRate: read(16),
    stride,
    dataStart,
    // All ones: the writer could not know.
    samples: size === 0xffffffff ? undefined : Math.floor(size / stride),
  };
}
