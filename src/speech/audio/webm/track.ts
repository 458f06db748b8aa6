/** Finds the Opus packets of the first audio track of a WebM or Matroska file (RFC 9559). */

import { readElements, readNumber, unsigned, type Element } from './elements.ts';
import { unlace } from './lacing.ts';

export interface OpusHead {
  readonly channels: number;
  readonly streamCount: number;
  readonly coupledStreamCount: number;
  readonly channelMappingTable: number[];
  readonly outputGain: number;
}

const id = {
  segment: 0x18538067,
  cluster: 0x1f43b675,
  tracks: 0x1654ae6b,
  entry: 0xae,
  number: 0xd7,
  type: 0x83,
  codec: 0x86,
  codecPrivate: 0x63a2,
  encodings: 0x6d80,
  group: 0xa0,
  block: 0xa1,
  simpleBlock: 0xa3,
  discard: 0x75a2,
} as const;

const opusRate = 48_000;

/** @returns packets, and what of their samples is the recording. @throws Error if the file is broken or cut off, or has no Opus. */
export function readWebm(bytes: Uint8Array): {
  frames: Uint8Array[];
  sampleRate: number;
  skip: number;
  samples: number;
  opus: OpusHead;
} {
  const elements = flatten(bytes);
  const { track, opus, skip } = readTrack(elements);
  const frames: Uint8Array[] = [];
  let discarded = 0;
  for (const { id: kind, body } of elements) {
    if (kind !== id.group && kind !== id.simpleBlock) continue;
    const parts = kind === id.group ? readElements(body) : [];
    const block = kind === id.group ? parts.find((part) => part.id === id.block)?.body : body;
    if (!block || readNumber(block, 0, false).value !== track) continue;
    for (const frame of unlace(block)) frames.push(frame);
    // Nanoseconds with a sign, of which only padding at the end has any.
    const discard = parts.find((part) => part.id === id.discard)?.body;
    if (discard && (discard[0] ?? 0) < 128) discarded += Math.round((unsigned(discard) * opusRate) / 1e9);
  }
  const held = frames.reduce((sum, frame) => sum + packetSamples(frame), 0);
  return { frames, sampleRate: opusRate, skip, samples: Math.max(0, held - skip - discarded), opus };
}

/** The elements inside segments and clusters, and tracks. A cluster of unknown length ends where the next begins, so all are one list. */
function flatten(bytes: Uint8Array): Element[] {
  const out: Element[] = [];
  const waiting = [bytes];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const inside: Uint8Array[] = [];
    for (const element of readElements(next)) {
      if (element.id === id.segment || element.id === id.cluster) inside.push(element.body);
      else out.push(element);
    }
    waiting.push(...inside.reverse());
  }
  return out;
}

function readTrack(elements: readonly Element[]): { track: number; opus: OpusHead; skip: number } {
  const tracks = elements.find((element) => element.id === id.tracks);
  if (!tracks) throw new Error('the WebM file is broken or cut off: it has no tracks');
  for (const entry of readElements(tracks.body)) {
    if (entry.id !== id.entry) continue;
    const fields = new Map(readElements(entry.body).map((field) => [field.id, field.body]));
    if (unsigned(fields.get(id.type) ?? new Uint8Array(0)) !== 2) continue;
    const codec = String.fromCharCode(...(fields.get(id.codec) ?? []).slice(0, 32)).replace(/[^ -~]/gu, '?');
    if (codec !== 'A_OPUS') {
      throw new Error(`the WebM file holds ${codec}, which is not read; convert it with "ffmpeg -i FILE FILE.flac"`);
    }
    if (fields.has(id.encodings)) throw new Error('the WebM file is compressed or encrypted, which is not read');
    return { track: unsigned(fields.get(id.number) ?? new Uint8Array(0)), ...readHead(fields.get(id.codecPrivate)) };
  }
  throw new Error('the WebM file has no audio track');
}

/** The header of Opus (RFC 7845, 5.1). */
function readHead(head: Uint8Array | undefined): { opus: OpusHead; skip: number } {
  if (!head || head.length < 19) throw new Error('the WebM file is broken: its Opus header is missing or cut off');
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const channels = view.getUint8(9);
  const isPlain = view.getUint8(18) === 0;
  const table = isPlain ? [0, 1].slice(0, channels) : [...head.subarray(21, 21 + channels)];
  const [streamCount, coupledStreamCount] = isPlain ? [1, channels - 1] : [head[19] ?? 0, head[20] ?? 0];
  if (channels === 0 || table.length !== channels) throw new Error('the WebM file has a broken Opus header');
  const opus = { channels, streamCount, coupledStreamCount, channelMappingTable: table };
  return { opus: { ...opus, outputGain: view.getInt16(16, true) }, skip: view.getUint16(10, true) };
}

/** Samples per channel of a packet, at 48 kHz, which its first two bytes say (RFC 6716, 3.1 and 3.2). */
function packetSamples(packet: Uint8Array): number {
  const [first = 0, second = 0] = packet;
  const mode = first >> 3;
  const milliseconds =
    mode < 12 ? [10, 20, 40, 60][mode & 3] : mode < 16 ? [10, 20][mode & 1] : [2.5, 5, 10, 20][mode & 3];
  const count = [1, 2, 2, second & 63][first & 3] ?? 1;
  return (milliseconds ?? 0) * (opusRate / 1000) * count;
}
