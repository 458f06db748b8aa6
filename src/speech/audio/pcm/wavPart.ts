/** Reads a part of a recording whose samples stand in the file one by one, without reading the rest: an hour's recording has hundreds of utterances, asked for in any order. */

import { open, stat } from 'node:fs/promises';
import { render } from '../decode.ts';
import { maxRecordingSeconds } from '../limits.ts';
import { decodePcm } from './pcm.ts';
import { readPcmHeader } from './pcmHeader.ts';

/** Enough for the header of nearly every file; where it is not, the whole file is decoded instead. */
const headBytes = 4096;

/**
 * Mono samples at `sampleRate` from `offset` on, to the end without a `duration` (seconds); none if the file ends before.
 * Of one channel, by its index from 0, or the mean of all.
 * Undefined if the file is of another kind, or its header is unusual or broken: decoding it whole will say why.
 * @throws Error if the file cannot be read, or the part not be used.
 */
export async function readWavPart(
  path: string,
  {
    offset,
    duration,
    channel,
  }: { readonly offset: number; readonly duration?: number | undefined; readonly channel?: number | undefined },
  sampleRate: number,
): Promise<Float32Array | undefined> {
  // Asked before opening: opening a pipe would wait for ever.
  const info = await stat(path);
  if (!info.isFile()) return undefined;
  const file = await open(path, 'r');
  try {
    const head = new Uint8Array(headBytes);
    const { bytesRead } = await file.read(head, 0, headBytes, 0);
    const header = readPcmHeader(head.subarray(0, bytesRead));
    if (!header) return undefined;
    const held = Math.floor((info.size - header.dataStart) / header.stride);
    const samples = Math.min(held, header.samples ?? held);
    const start = Math.round(offset * header.sampleRate);
    const wanted = Math.round((duration ?? maxRecordingSeconds) * header.sampleRate);
    const count = Math.min(wanted, samples - start, maxRecordingSeconds * header.sampleRate);
    if (count <= 0) return new Float32Array(0);
    const data = new Uint8Array(count * header.stride);
    const read = await file.read(data, 0, data.length, header.dataStart + start * header.stride);
    const channelData = decodePcm(data.subarray(0, read.bytesRead), header);
    return render({ channelData, sampleRate: header.sampleRate }, sampleRate, channel);
  } finally {
    await file.close();
  }
}
