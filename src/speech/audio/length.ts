/** Finds out how long audio files are, from their headers where these say so, else by decoding them. Runs in the audio workers. */

import { closeSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import { id3Length, sniffContainer } from './container.ts';
import { countFrames, isFramed } from './framed.ts';
import { readFlacInfo } from './flac.ts';
import { loadAudio, readAudioFile } from './load.ts';
import { parseParquetAudio } from './parquet/parquetFile.ts';
import { readPcmHeader } from './pcm/pcmHeader.ts';

/** Numbers of a file: its size in bytes, when it was modified, in milliseconds, and its seconds of audio. */
export const numbersOfFile = 3;

export interface FilesToMeasure {
  readonly paths: readonly string[];
  /** `numbersOfFile` of each as they were before; NaN where they are not known. */
  readonly before: Float64Array;
}

export interface MeasuredFiles {
  /** `numbersOfFile` of each; NaN for the seconds of a file with a problem. */
  readonly values: Float64Array<ArrayBuffer>;
  /** Why files cannot be used, by their index. */
  readonly problems: ReadonlyMap<number, string>;
}

/** Files that have not changed since are not opened. */
export async function measureFiles({ paths, before }: FilesToMeasure): Promise<MeasuredFiles> {
  const values = new Float64Array(paths.length * numbersOfFile).fill(NaN);
  const problems = new Map<number, string>();
  for (const [i, path] of paths.entries()) {
    const at = i * numbersOfFile;
    try {
      const info = statOf(path);
      const [size = NaN, modified = NaN] = info?.isFile() ? [info.size, info.mtimeMs] : [];
      const isSame = before[at] === size && before[at + 1] === modified;
      const seconds = isSame ? (before[at + 2] ?? NaN) : await audioSeconds(path, info);
      values.set([size, modified, seconds], at);
    } catch (error) {
      problems.set(i, error instanceof Error ? error.message : String(error));
    }
  }
  return { values, problems };
}

function statOf(path: string): Stats | undefined {
  return statSync(parseParquetAudio(path)?.file ?? path, { throwIfNoEntry: false });
}

/** Enough for the header of a file with the usual chunks before its data; others are decoded. */
const headBytes = 4096;

/**
 * Seconds of audio in a file.
 * @param info of the file, or of the parquet file that the recording is in.
 * @throws AudioError naming the file if it is missing or broken.
 */
export async function audioSeconds(path: string, info = statOf(path)): Promise<number> {
  const head = parseParquetAudio(path) ? await readAudioFile(path, headBytes) : readHead(path, info);
  const fromHeader = secondsOf(head);
  if (fromHeader !== undefined) return fromHeader;
  const container = sniffContainer(head);
  if (isFramed(container)) {
    const { samples, sampleRate } = countFrames(container, await readAudioFile(path), path);
    return samples / sampleRate;
  }
  const sampleRate = 16_000;
  const samples = await loadAudio({ audio: path }, { sampleRate, normalise: false });
  return samples.length / sampleRate;
}

/** What the header says, or undefined if it does not say, or if decoding will name the problem better. */
function secondsOf(head: Uint8Array): number | undefined {
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

/** At once, and not by promises: this thread has nothing else to do, and every promise would cost more than the call itself. */
function readHead(path: string, info: Stats | undefined): Uint8Array {
  // Opening a pipe would wait for ever.
  if (!info?.isFile()) return new Uint8Array(0);
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const head = new Uint8Array(headBytes);
    return head.subarray(0, readSync(file, head, 0, headBytes, 0));
  } catch {
    return new Uint8Array(0);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
