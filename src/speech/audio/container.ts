/** Recognises an audio file by its first bytes, never by its name. */

export type Container = 'wav' | 'flac' | 'ogg-vorbis' | 'ogg-opus' | 'ogg-flac' | 'mp3';

/** The kind of audio file, or undefined if it is none that Pinch reads. Needs the first 64 bytes, or the whole file. */
export function sniffContainer(bytes: Uint8Array): Container | undefined {
  const text = (from: number, to: number): string => String.fromCharCode(...bytes.subarray(from, to));
  const start = text(0, 4);
  if ((start === 'RIFF' || start === 'RF64') && text(8, 12) === 'WAVE') return 'wav';
  if (start === 'fLaC') return 'flac';
  if (start === 'OggS') {
    // The first page holds one packet, the codec's header, right behind the page's segment table.
    const packet = 27 + (bytes[26] ?? 0);
    if (text(packet + 1, packet + 7) === 'vorbis') return 'ogg-vorbis';
    if (text(packet, packet + 8) === 'OpusHead') return 'ogg-opus';
    if (text(packet + 1, packet + 5) === 'FLAC') return 'ogg-flac';
    return undefined;
  }
  return text(0, 3) === 'ID3' || isMpegFrame(bytes) ? 'mp3' : undefined;
}

/** Eleven set bits, then a version, a layer, a bit rate and a sample rate that exist (ISO 11172-3, 2.4.2.3). */
function isMpegFrame(bytes: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = bytes;
  const version = (second >> 3) & 3;
  const layer = (second >> 1) & 3;
  return (
    first === 0xff && second >> 5 === 7 && version !== 1 && layer !== 0 && third >> 4 !== 15 && ((third >> 2) & 3) !== 3
  );
}
