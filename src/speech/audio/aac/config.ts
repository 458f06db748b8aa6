/** What a stream of AAC says of itself in its container: the AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1). */

import { sampleRates } from './bands.ts';
import { BitReader } from './bits.ts';

export interface AacConfig {
  /** Of what is decoded: that of the core where a higher band is made up from it (SBR). */
  readonly sampleRate: number;
}

/** Samples per channel of a frame. */
export const frameSamples = 1024;

const lowComplexity = 2;

/** Kinds of audio in MPEG-4 that are not AAC-LC, by their numbers (table 1.17). */
const otherKinds: Readonly<Record<number, string>> = {
  1: 'AAC Main',
  3: 'AAC SSR',
  4: 'AAC LTP',
  6: 'AAC Scalable',
  8: 'CELP',
  9: 'HVXC',
  17: 'error resilient AAC',
  20: 'AAC Scalable',
  22: 'BSAC',
  23: 'AAC-LD',
  32: 'MPEG layer 1',
  33: 'MPEG layer 2',
  34: 'MPEG layer 3',
  36: 'ALS',
  39: 'AAC-ELD',
  42: 'xHE-AAC',
};

/**
 * AAC-LC, or HE-AAC, of which the core alone is decoded.
 * @throws Error if it is another kind of audio, or broken.
 */
export function readAacConfig(bytes: Uint8Array): AacConfig {
  const bits = new BitReader(bytes);
  let kind = readKind(bits);
  const sampleRate = readRate(bits);
  bits.skip(4);
  // SBR, and SBR with parametric stereo: the rate of the whole, and then the kind of the core.
  if (kind === 5 || kind === 29) {
    readRate(bits);
    kind = readKind(bits);
  }
  checkKind(kind);
  if (bits.flag()) throw new Error('AAC with frames of 960 samples is not supported; convert it to FLAC or WAV');
  return { sampleRate };
}

/** @throws Error that says what it is if it is not AAC-LC. */
export function checkKind(kind: number): void {
  if (kind === lowComplexity) return;
  throw new Error(`${otherKinds[kind] ?? `MPEG-4 audio of kind ${kind}`} is not supported; convert it to FLAC or WAV`);
}

function readKind(bits: BitReader): number {
  const kind = bits.read(5);
  return kind === 31 ? 32 + bits.read(6) : kind;
}

function readRate(bits: BitReader): number {
  const index = bits.read(4);
  const rate = index === 15 ? bits.read(24) : sampleRates[index];
  if (rate === undefined || rate === 0) throw new Error('the AAC audio has a broken header');
  return rate;
}
