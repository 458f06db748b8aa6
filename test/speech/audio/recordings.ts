/** Small recordings in the forms that collections ship, written byte by byte for tests. */

import { wavFile } from '../files.ts';

/** Whole numbers of 16 bits; one array per channel. */
export type Channels = readonly (readonly number[])[];

const interleave = (channels: Channels): number[] =>
  (channels[0] ?? []).flatMap((_, i) => channels.map((channel) => channel[i] ?? 0));

export function bytes16(channels: Channels, bigEndian: boolean): Buffer {
  const values = interleave(channels);
  const data = Buffer.alloc(2 * values.length);
  values.forEach((value, i) => (bigEndian ? data.writeInt16BE(value, 2 * i) : data.writeInt16LE(value, 2 * i)));
  return data;
}

/** @param fields replace those of a 16-bit file with the last byte first, or add to them; undefined takes one out. */
export function sphereFile(
  data: Buffer,
  samples: number,
  fields: Readonly<Record<string, string | undefined>> = {},
): Uint8Array {
  const all: Record<string, string | undefined> = {
    sample_count: `-i ${samples}`,
    sample_n_bytes: '-i 2',
    channel_count: '-i 1',
    sample_byte_format: '-s2 01',
    sample_rate: '-i 16000',
    sample_coding: '-s3 pcm',
    ...fields,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  const head = ['NIST_1A', '   1024', ...lines, 'end_head', ''].join('\n');
  return Buffer.concat([Buffer.from(head.padEnd(1024)), data]);
}

/** @param kind of AIFF-C; undefined for AIFF. */
export function aiffFile(
  data: Buffer,
  { samples, channels = 1, bits = 16, kind }: { samples: number; channels?: number; bits?: number; kind?: string },
): Uint8Array {
  const common = Buffer.alloc(kind === undefined ? 18 : 24);
  common.writeUInt16BE(channels, 0);
  common.writeUInt32BE(samples, 2);
  common.writeUInt16BE(bits, 6);
  // 16,000 Hz as an 80-bit float.
  common.set([0x40, 0x0c, 0xfa], 8);
  if (kind !== undefined) common.write(kind, 18, 'latin1');
  const chunk = (id: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(8);
    head.write(id, 'latin1');
    head.writeUInt32BE(body.length, 4);
    return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
  };
  const form = Buffer.from(kind === undefined ? 'AIFF' : 'AIFC');
  return chunk(
    'FORM',
    Buffer.concat([form, chunk('COMM', common), chunk('SSND', Buffer.concat([Buffer.alloc(8), data]))]),
  );
}

export function auFile(
  data: Buffer,
  { code, channels = 1, size = data.length }: { code: number; channels?: number; size?: number },
): Uint8Array {
  const head = Buffer.alloc(28);
  head.write('.snd', 'latin1');
  [28, size, code, 16_000, channels].forEach((value, i) => head.writeUInt32BE(value, 4 + 4 * i));
  return Buffer.concat([head, data]);
}

/** A WAV file of G.711 codes: format 6 is A-law, 7 µ-law. */
export function lawWav(codes: Buffer, format: 6 | 7, bits = 8): Uint8Array {
  const file = Buffer.from(wavFile([[...codes].map((code) => code - 128)], { bits: 8 }));
  file.writeUInt16LE(format, 20);
  file.writeUInt16LE(bits, 34);
  return file;
}

/** A RIFF file's data under a header of more than 4 GB: all ones, and the true length in a ds64 chunk. */
export function rf64File(wav: Uint8Array, id = 'RF64', bytes = wav.length - 44): Uint8Array {
  const sizes = Buffer.alloc(36);
  sizes.write('ds64', 'latin1');
  sizes.writeUInt32LE(28, 4);
  sizes.writeBigUInt64LE(BigInt(bytes), 16);
  const head = Buffer.from(wav.subarray(0, 44));
  head.write(id, 'latin1');
  head.writeUInt32LE(0xffffffff, 4);
  head.writeUInt32LE(0xffffffff, 40);
  return Buffer.concat([head.subarray(0, 12), sizes, head.subarray(12), wav.subarray(44)]);
}

/** An ID3v2 tag of so many bytes behind its own header. */
export function id3(size: number): Buffer {
  const tag = Buffer.alloc(10 + size);
  tag.set([0x49, 0x44, 0x33, 3, 0, 0, 0, 0, size >> 7, size & 127]);
  return tag;
}
