/** Reads one utterance's samples from its file: decoded, resampled, cut out and normalised. Runs in the audio workers. */

import { readFile, stat } from 'node:fs/promises';
import { decodeAudio } from './decode.ts';
import { AudioError } from './error.ts';
import { maxFileBytes } from './limits.ts';
import { normalise } from './normalise.ts';
import { readWavPart } from './wavPart.ts';

/** Where an utterance's audio is. With an offset it is a part of a recording; without one it is the whole file. */
export interface AudioSource {
  readonly audio: string;
  /** Seconds from the start of the file. */
  readonly offset?: number;
  /** Seconds. Without an offset a hint only: manifests round it. */
  readonly duration?: number;
}

export interface AudioFormat {
  /** Samples a second that the model takes. */
  readonly sampleRate: number;
  /** Zero mean and unit variance per utterance (`do_normalize`). */
  readonly normalise: boolean;
}

/** The recording that was decoded last: segments of one recording tend to be asked for one after another. */
let last: { readonly path: string; readonly sampleRate: number; readonly samples: Float32Array } | undefined;

/** The utterance's samples, in memory of their own. @throws AudioError naming the file if it is missing, broken or too short. */
export async function loadAudio(source: AudioSource, format: AudioFormat): Promise<Float32Array<ArrayBuffer>> {
  const { audio, offset } = source;
  const samples =
    offset === undefined
      ? await decodeAudio(await readAudioFile(audio), { sampleRate: format.sampleRate, name: audio })
      : await loadPart(audio, offset, source.duration, format.sampleRate);
  if (format.normalise) normalise(samples);
  const whole = samples.byteLength === samples.buffer.byteLength && samples.buffer instanceof ArrayBuffer;
  return whole ? (samples as Float32Array<ArrayBuffer>) : Float32Array.from(samples);
}

async function loadPart(
  path: string,
  offset: number,
  duration: number | undefined,
  sampleRate: number,
): Promise<Float32Array> {
  let part: Float32Array | undefined;
  try {
    part = await readWavPart(path, offset, duration, sampleRate);
  } catch (error) {
    throw new AudioError(`${path}: ${readingProblem(error)}`);
  }
  if (!part) {
    if (last?.path !== path || last.sampleRate !== sampleRate) {
      last = undefined;
      const samples = await decodeAudio(await readAudioFile(path), { sampleRate, name: path });
      last = { path, sampleRate, samples };
    }
    const start = Math.round(offset * sampleRate);
    part = last.samples.slice(start, duration === undefined ? undefined : start + Math.round(duration * sampleRate));
  }
  if (part.length === 0) throw new AudioError(`${path}: it ends before ${offset} s, where an utterance should start`);
  return part;
}

async function readAudioFile(path: string): Promise<Uint8Array> {
  try {
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
