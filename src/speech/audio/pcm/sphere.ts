/** Reads the headers of NIST SPHERE files, in which the LDC ships its corpora: lines of text in the first 1024 bytes or more. */

import { maxChannels } from '../limits.ts';
import type { PcmHeader } from './pcm.ts';

/** No corpus has headers of more. */
const largestHeader = 65_536;

/**
 * The header of a SPHERE file, from its start.
 * @throws Error if it is broken or cut off, or the samples are compressed.
 */
export function readSphereHeader(bytes: Uint8Array): PcmHeader {
  const first = String.fromCharCode(...bytes.subarray(0, 16));
  const size = Number(/^NIST_1A\r?\n *(\d+)/u.exec(first)?.[1] ?? NaN);
  if (!(size >= 16 && size <= largestHeader)) throw new Error('the SPHERE file has a broken header');
  if (bytes.length < size) throw new Error('the SPHERE file is cut off in its header');
  const fields = readFields(Array.from(bytes.subarray(0, size), (byte) => String.fromCharCode(byte)).join(''));

  const coding = (fields.get('sample_coding') ?? 'pcm').toLowerCase();
  const [codec = 'pcm', ...compression] = coding.split(',');
  if (compression.length > 0 || !(codec in codecs)) {
    const tool = coding.includes('shorten') ? 'shorten' : coding;
    throw new Error(`the SPHERE file is compressed with ${tool}; convert it with "sph2pipe -f wav FILE FILE.wav"`);
  }
  const encoding = codecs[codec as keyof typeof codecs];
  const channels = numberOf(fields, 'channel_count') ?? 1;
  const width = numberOf(fields, 'sample_n_bytes') ?? (encoding === 'integer' ? 2 : 1);
  const widths = encoding === 'integer' ? [1, 2, 3, 4] : [1];
  const samples = numberOf(fields, 'sample_count');
  const sampleRate = numberOf(fields, 'sample_rate') ?? 0;
  const isCount = samples === undefined || (Number.isInteger(samples) && samples >= 0);
  const isRate = Number.isFinite(sampleRate);
  if (!(
    Number.isInteger(channels) &&
    channels >= 1 &&
    channels <= maxChannels &&
    widths.includes(width) &&
    isCount &&
    isRate
  )) {
    throw new Error('the SPHERE file has a broken header');
  }
  if (channels > 1 && /^f/iu.test(fields.get('channels_interleaved') ?? '')) {
    throw new Error(
      'the SPHERE file has its channels one after another; convert it with "sph2pipe -f wav FILE FILE.wav"',
    );
  }
  return {
    encoding,
    bits: 8 * width,
    // "10" has the first byte first; "01", what most corpora have, the last.
    bigEndian: (fields.get('sample_byte_format') ?? '').startsWith('10'),
    channels,
    sampleRate: Math.round(sampleRate),
    stride: channels * width,
    dataStart: size,
    samples,
  };
}

const codecs = {
  pcm: 'integer',
  ulaw: 'ulaw',
  'mu-law': 'ulaw',
  mulaw: 'ulaw',
  alaw: 'alaw',
  'a-law': 'alaw',
} as const;

/** Lines of a name, a type (`-i`, `-r`, or `-s` and a length) and a value, up to `end_head`. */
function readFields(head: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of head.split('\n').slice(2)) {
    if (line.trim() === 'end_head') return fields;
    const [, name, value] = /^\s*(\S+)\s+-\S+\s+(.*?)\s*$/u.exec(line) ?? [];
    if (name !== undefined && value !== undefined) fields.set(name, value);
  }
  throw new Error('the SPHERE file has a header without end');
}

function numberOf(fields: ReadonlyMap<string, string>, name: string): number | undefined {
  const value = fields.get(name);
  return value === undefined || value === '' ? undefined : Number(value);
}
