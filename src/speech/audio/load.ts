/** Reads one utterance's samples from its file: decoded, resampled, cut out and normalised. Runs in the audio workers. */

import { readFile, stat } from 'node:fs/promises';
import { decodeAudio } from './decode.ts';
import { AudioError } from './error.ts';
import { durationSlack, maxFileBytes } from './limits.ts';
import { normalise } from './normalise.ts';
import { parseParquetAudio } from './parquet/parquetFile.ts';
import { readParquetAudio } from './parquet/recordings.ts';
import { readWavPart } from './pcm/wavPart.ts';

/** Where an utterance's audio is: a whole file, or a part of a recording. */
export interface AudioSource {
  readonly audio: string;
  /** Seconds from the start of the file. */
  readonly offset?: number;
  /** Seconds. Without an offset, the first part of the file; one that is as long, but for rounding, is the whole file. */
  readonly duration?: number;
  /** Index from 0 of the channel to take; without it, the mean of all. */
  readonly channel?: number;
}

export interface AudioFormat {
  /** Samples a second that the model takes. */
  readonly sampleRate: number;
  /** Zero mean and unit variance per utterance (`do_normalize`). */
  readonly normalise: boolean;
}

/** The recording that was decoded last: segments of one recording tend to be asked for one after another. */
let last:
  | {
      readonly path: string;
      readonly sampleRate: number;
      readonly channel: number | undefined;
      readonly samples: Float32Array;
    }
  | undefined;

/** The utterance's samples, in memory of their own. @throws AudioError naming the file if it is missing, broken or too short. */
export async function loadAudio(source: AudioSource, format: AudioFormat): Promise<Float32Array<ArrayBuffer>> {
  const { offset } = source;
  const samples =
    offset === undefined
      ? await loadStart(source, format.sampleRate)
      : await loadPart(source, offset, format.sampleRate);
  if (format.normalise) normalise(samples);
  const whole = samples.byteLength === samples.buffer.byteLength && samples.buffer instanceof ArrayBuffer;
  return whole ? (samples as Float32Array<ArrayBuffer>) : Float32Array.from(samples);
}

async function loadStart({ audio, duration, channel }: AudioSource, sampleRate: number): Promise<Float32Array> {
  const samples = await decodeAudio(await readAudioFile(audio), { sampleRate, name: audio, channel });
  if (duration === undefined) return samples;
  const length = Math.round(duration * sampleRate);
  if (samples.length <= length + Math.ceil(durationSlack * sampleRate)) return samples;
  const part = samples.slice(0, length);
  if (part.length === 0)
    throw new AudioError(`${audio}: the manifest gives it ${duration} s, in which there is no sound`);
  return part;
}

async function loadPart(
  { audio: path, duration, channel }: AudioSource,
  offset: number,
  sampleRate: number,
): Promise<Float32Array> {
  let part: Float32Array | undefined;
  try {
    part = parseParquetAudio(path) ? undefined : await readWavPart(path, { offset, duration, channel }, sampleRate);
  } catch (error) {
    throw new AudioError(`${path}: ${readingProblem(error)}`);
  }
  if (!part) {
    if (last?.path !== path || last.sampleRate !== sampleRate || last.channel !== channel) {
      last = undefined;
      const samples = await decodeAudio(await readAudioFile(path), { sampleRate, name: path, channel });
      last = { path, sampleRate, channel, samples };
    }
    const start = Math.round(offset * sampleRate);
    part = last.samples.slice(start, duration === undefined ? undefined : start + Math.round(duration * sampleRate));
  }
  if (part.length === 0) throw new AudioError(`${path}: it ends before ${offset} s, where an utterance should start`);
  return part;
}

/**
 * The bytes of a file, or of a recording in a parquet file.
 * @param most of a recording in a parquet file, from its start.
 * @throws AudioError naming it if it is missing or too large.
 */
export async function readAudioFile(path: string, most?: number): Promise<Uint8Array> {
  try {
    const embedded = parseParquetAudio(path);
    if (embedded) return await readParquetAudio(embedded.file, embedded.row, most);
    // Asked before opening: opening a pipe would wait for ever.
    const info = await stat(path);
    if (!info.isFile()) throw new Error('it is not a file');
    if (info.size > maxFileBytes) throw new Error(`it is larger than ${maxFileBytes / 2 ** 20} MB`);
    return await readFile(path);
  } catch (error) {
    throw new AudioError(`${path}: ${readingProblem(error)}`);
  }
}

function readingProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES') return 'it may not be read';
  return error instanceof Error ? error.message : String(error);
}
