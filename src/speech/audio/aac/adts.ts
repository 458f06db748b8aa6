/** Cuts files of AAC without a container (`.aac`, ADTS; ISO/IEC 14496-3, 1.A.3.2) into frames. */

import { sampleRates } from './bands.ts';
import { checkKind, type AacConfig } from './config.ts';

export interface AacStream {
  readonly config: AacConfig;
  readonly frames: readonly Uint8Array[];
}

/** Whether a frame begins here. */
export function isAdtsFrame(bytes: Uint8Array, at = 0): boolean {
  return bytes[at] === 0xff && ((bytes[at + 1] ?? 0) & 0xf6) === 0xf0;
}

/** @param from where the first frame begins. @throws Error if the file is broken or cut off, or of another kind than AAC-LC. */
export function readAdts(bytes: Uint8Array, from: number): AacStream {
  const frames: Uint8Array[] = [];
  let sampleRate: number | undefined;
  for (let at = from; at < bytes.length;) {
    // Tags of other programs may follow.
    if (!isAdtsFrame(bytes, at) && frames.length > 0 && /^(TAG|APETAGEX|ID3|\0)/u.test(text(bytes, at))) break;
    if (!isAdtsFrame(bytes, at)) throw new Error(`the AAC file is broken at byte ${at}`);
    const [, second = 0, third = 0, fourth = 0, fifth = 0, sixth = 0, seventh = 0] = bytes.subarray(at, at + 7);
    const length = ((fourth & 3) << 11) | (fifth << 3) | (sixth >> 5);
    const blocks = (seventh & 3) + 1;
    const isChecked = (second & 1) === 0;
    if (at + Math.max(length, 7) > bytes.length)
      throw new Error(`the AAC file is cut off in frame ${frames.length + 1}`);
    const head = isChecked ? 9 : 7;
    if (length < head) throw new Error(`the AAC file is broken at byte ${at}`);
    checkKind((third >> 6) + 1);
    const rate = sampleRates[(third >> 2) & 15];
    if (rate === undefined || (sampleRate !== undefined && rate !== sampleRate)) {
      throw new Error(`the AAC file changes its sample rate at byte ${at}`);
    }
    if (blocks > 1) throw new Error('AAC with several blocks in a frame is not supported; convert it to FLAC or WAV');
    sampleRate = rate;
    frames.push(bytes.subarray(at + head, at + length));
    at += length;
  }
  if (sampleRate === undefined) throw new Error('the AAC file has no frames');
  return { config: { sampleRate }, frames };
}

function text(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 8));
}
