/** Finds out how long an audio file is, from its header where that says so, else by decoding it. */

import { open, stat, type FileHandle } from 'node:fs/promises';
import { id3Length, sniffContainer } from './container.ts';
import { readFlacInfo } from './flac.ts';
import { loadAudio, readAudioFile } from './load.ts';
import { parseParquetAudio } from './parquet.ts';
import { readPcmHeader } from './pcmHeader.ts';

/** Enough for the header of a file with the usual chunks before its data; others are decoded. */
const headBytes = 4096;

/** Seconds of audio in a file. @throws AudioError naming the file if it is missing or broken. */
export async function audioSeconds(path: string): Promise<number> {
  const fromHeader = await readHeader(path);
  if (fromHeader !== undefined) return fromHeader;
  const sampleRate = 16_000;
  const samples = await loadAudio({ audio: path }, { sampleRate, normalise: false });
  return samples.length / sampleRate;
}

/** What the header says, or undefined if it does not say, or if decoding will name the problem better. */
async function readHeader(path: string): Promise<number | undefined> {
  const head = await readHead(path);
  try {
    const isFlac = sniffContainer(head) === 'flac';
    const header = isFlac ? readFlacInfo(head.subarray(id3Length(head))) : readPcmHeader(head);
    if (!header) return undefined;
    const { samples, sampleRate } = header;
    return samples === undefined || sampleRate === 0 ? undefined : samples / sampleRate;
  } catch {
    return undefined;
  }
}

async function readHead(path: string): Promise<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    if (parseParquetAudio(path)) return await readAudioFile(path);
    // Asked before opening: opening a pipe would wait for ever.
    if (!(await stat(path)).isFile()) return new Uint8Array(0);
    file = await open(path, 'r');
    const head = new Uint8Array(headBytes);
    const { bytesRead } = await file.read(head, 0, headBytes, 0);
    return head.subarray(0, bytesRead);
  } catch {
    return new Uint8Array(0);
  } finally {
    await file?.close();
  }
}
