/** Reads the elementary stream descriptor of an MP4 track (ISO/IEC 14496-1, 7.2.6). */

const elementaryStream = 3;
const decoderConfig = 4;
const specificInfo = 5;
/** The audio object types of MPEG-4, and of MPEG-2 AAC-LC. */
const aacTypes = [0x40, 0x67];

/** The AudioSpecificConfig in the `esds` box of a track. @throws Error if the track is not AAC, or broken. */
export function readEsConfig(box: Uint8Array): Uint8Array {
  const stream = contents(box.subarray(4), elementaryStream);
  const flags = stream[2] ?? 0;
  let at = 3;
  if (flags & 0x80) at += 2;
  if (flags & 0x40) at += 1 + (stream[at] ?? 0);
  if (flags & 0x20) at += 2;
  const decoder = contents(stream.subarray(at), decoderConfig);
  const type = decoder[0] ?? 0;
  if (!aacTypes.includes(type)) {
    const name = type === 0x69 || type === 0x6b ? 'MP3' : `audio of type ${type}`;
    throw new Error(`the MP4 file holds ${name}, which is not read; convert it with "ffmpeg -i FILE FILE.flac"`);
  }
  return contents(decoder.subarray(13), specificInfo);
}

/** What a descriptor holds: behind its tag, and its length in seven bits of each byte. */
function contents(bytes: Uint8Array, tag: number): Uint8Array {
  if (bytes[0] !== tag) throw new Error('the MP4 file is broken: the description of its AAC track is incomplete');
  let length = 0;
  let at = 1;
  for (; at < 5; at++) {
    const byte = bytes[at] ?? 0;
    length = length * 128 + (byte & 127);
    if (byte < 128) break;
  }
  return bytes.subarray(at + 1, at + 1 + length);
}
