/** Finds the frames of the first audio track of an MP4 or M4A file (ISO/IEC 14496-12 and 14496-14). */

import { readAacConfig, frameSamples, type AacConfig } from '../aac/config.ts';
import { findBox, needBox, readBoxes, viewOf } from './boxes.ts';
import { readEsConfig } from './descriptor.ts';
import { readFragments } from './fragments.ts';
import { readSampleTable } from './sampleTable.ts';
import { readShown } from './shown.ts';

export interface AacTrack {
  readonly config: AacConfig;
  readonly frames: readonly Uint8Array[];
  /** Samples of all frames that are the encoder's delay. */
  readonly skip: number;
  /** Samples behind them that are the recording. */
  readonly samples: number;
}

/** Codecs in MP4 files that are not AAC, by the names that the files have for them. */
const otherCodecs: Readonly<Record<string, string>> = {
  alac: 'Apple Lossless (ALAC)',
  Opus: 'Opus',
  fLaC: 'FLAC',
  'ac-3': 'AC-3',
  'ec-3': 'E-AC-3',
  samr: 'AMR',
  sawb: 'AMR wideband',
  '.mp3': 'MP3',
  sowt: 'PCM',
  twos: 'PCM',
  lpcm: 'PCM',
  ipcm: 'PCM',
  enca: 'encrypted audio',
  drms: 'encrypted audio',
};

/** @throws Error if the file is broken or cut off, or has no AAC. */
export function readMp4(bytes: Uint8Array): AacTrack {
  const movie = needBox(bytes, 'moov');
  const track = readBoxes(movie).find(({ type, body }) => type === 'trak' && isAudio(body))?.body;
  if (!track) throw new Error('the MP4 file has no audio track');
  const table = needBox(track, 'mdia', 'minf', 'stbl');
  const config = readConfig(needBox(table, 'stsd'));
  const media = viewOf(needBox(track, 'mdia', 'mdhd'));
  const at = media.getUint8(0) === 1 ? 20 : 12;
  const timescale = media.getUint32(at);
  if (timescale === 0) throw new Error('the MP4 file is broken: its track has no clock');
  const isFragmented = findBox(movie, 'mvex') !== undefined;
  const { extents, ticks } = isFragmented ? readFragments(bytes, movie, trackId(track)) : readSampleTable(table);
  const frames = extents.map(({ at: from, size }, i) => {
    if (from + size <= bytes.length) return bytes.subarray(from, from + size);
    throw new Error(`the MP4 file is cut off: ${i} of ${extents.length} frames are there`);
  });
  const toSamples = (count: number): number => Math.round((count * config.sampleRate) / timescale);
  const { skip, samples } = readShown(movie, track, { ticks, timescale, toSamples });
  const held = frames.length * frameSamples;
  return { config, frames, skip: Math.min(skip, held), samples: Math.max(0, Math.min(samples, held - skip)) };
}

function isAudio(track: Uint8Array): boolean {
  const handler = findBox(track, 'mdia', 'hdlr');
  return handler !== undefined && String.fromCharCode(...handler.subarray(8, 12)) === 'soun';
}

function trackId(track: Uint8Array): number {
  const view = viewOf(needBox(track, 'tkhd'));
  return view.getUint32(view.getUint8(0) === 1 ? 20 : 12);
}

function readConfig(descriptions: Uint8Array): AacConfig {
  const [first] = readBoxes(descriptions.subarray(8));
  if (!first) throw new Error('the MP4 file is broken: its track has no description');
  if (first.type !== 'mp4a') {
    const name = otherCodecs[first.type] ?? `"${first.type.replace(/[^ -~]/gu, '?')}"`;
    throw new Error(`the MP4 file holds ${name}, which is not read; convert it with "ffmpeg -i FILE FILE.flac"`);
  }
  // QuickTime's second and third kind of description have more numbers before the boxes, which may lie in a box of their own.
  const version = viewOf(first.body).getUint16(8);
  const inside = first.body.subarray(28 + (version === 1 ? 16 : version === 2 ? 36 : 0));
  return readAacConfig(readEsConfig(findBox(inside, 'esds') ?? needBox(inside, 'wave', 'esds')));
}
