/** Recognises an audio file by its first bytes, never by its name. */

import { isAdtsFrame } from './aac/adts.ts';

export type Container =
  'wav' | 'sphere' | 'aiff' | 'au' | 'flac' | 'ogg-vorbis' | 'ogg-opus' | 'ogg-flac' | 'mp3' | 'mp4' | 'aac' | 'webm';

/** The kind of audio file, or undefined if it is none that Pinch reads. Needs the first 64 bytes and the whole of an ID3 tag, or the whole file. */
export function sniffContainer(bytes: Uint8Array): Container | undefined {
  const text = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));
  const start = text(0, 4);
  if (['RIFF', 'RF64', 'BW64'].includes(start) && text(8, 12) === 'WAVE') return 'wav';
  if (text(0, 7) === 'NIST_1A') return 'sphere';
  if (start === 'FORM' && ['AIFF', 'AIFC'].includes(text(8, 12))) return 'aiff';
  if (start === '.snd' || start === 'dns.') return 'au';
  if (start === 'fLaC') return 'flac';
  if (text(4, 8) === 'ftyp') return 'mp4';
  if (start === '\x1a\x45\xdf\xa3') return 'webm';
  if (start === 'OggS') {
    // The first page holds one packet, the codec's header, right behind the page's segment table.
    const packet = 27 + (bytes[26] ?? 0);
    if (text(packet + 1, packet + 7) === 'vorbis') return 'ogg-vorbis';
    if (text(packet, packet + 8) === 'OpusHead') return 'ogg-opus';
    if (text(packet + 1, packet + 5) === 'FLAC') return 'ogg-flac';
    return undefined;
  }
  const tag = id3Length(bytes);
  if (isAdtsFrame(bytes, tag)) return 'aac';
  if (tag > 0) return text(tag, tag + 4) === 'fLaC' ? 'flac' : 'mp3';
  return isMpegFrame(bytes) ? 'mp3' : undefined;
}

/** Bytes of the ID3v2 tags at the start of a file, which some programs write before FLAC, too; 0 without any. */
export function id3Length(bytes: Uint8Array): number {
  let at = 0;
  while (String.fromCharCode(...bytes.subarray(at, at + 3)) === 'ID3' && at + 10 <= bytes.length) {
    // Seven bits of the length in each byte, and a footer of ten bytes if a flag says so (id3v2.4.0-structure, 3.1).
    const size = bytes.subarray(at + 6, at + 10).reduce((sum, byte) => sum * 128 + (byte & 127), 0);
    at += 10 + size + ((bytes[at + 5] ?? 0) & 16 ? 10 : 0);
  }
  return at;
}

/** What a file that Pinch does not read is; undefined if it is not recognised. */
export function nameForeign(bytes: Uint8Array): string | undefined {
  const text = Array.from(bytes.subarray(0, 16), (byte) => String.fromCharCode(byte)).join('');
  return foreign.find(({ sign }) => text.startsWith(sign))?.name;
}

const foreign = [
  { sign: 'ajkg', name: 'audio compressed with shorten' },
  { sign: 'RIFX', name: 'a WAV file with the first byte of a number first' },
  { sign: 'riff', name: 'a Wave64 file' },
  { sign: 'caff', name: 'a CAF file' },
  { sign: '#!AMR', name: 'AMR audio' },
  { sign: '\x30\x26\xb2\x75', name: 'a WMA file' },
  { sign: 'wvpk', name: 'WavPack audio' },
  { sign: 'MAC ', name: "Monkey's Audio" },
] as const;

/** Eleven set bits, then a version, a layer, a bit rate and a sample rate that exist (ISO 11172-3, 2.4.2.3). */
function isMpegFrame(bytes: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = bytes;
  const version = (second >> 3) & 3;
  const layer = (second >> 1) & 3;
  return (
    first === 0xff && second >> 5 === 7 && version !== 1 && layer !== 0 && third >> 4 !== 15 && ((third >> 2) & 3) !== 3
  );
}
