/** How long recordings are that a manifest does not say it of: measured on the audio workers, and kept for the next time. */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { dataFolder } from '../../base/dataFolder.ts';
import type { AudioLoader } from '../audio/audioLoader.ts';
import { AudioError } from '../audio/error.ts';
import { numbersOfFile, type FilesToMeasure, type MeasuredFiles } from '../audio/length.ts';
import { parseParquetAudio } from '../audio/parquet/parquetFile.ts';
import type { Utterance } from '../manifest/utterance.ts';
import { keepLengths, keptLengthsFile, lengthKey, readKeptLengths, type KeptLengths } from './keptLengths.ts';

/**
 * What is told how many recordings are measured, and of how many, once that takes long enough to be seen. Whatever it throws breaks the work
 * off, and what was measured is kept.
 */
export type OnMeasured = (done: number, total: number) => Promise<void> | void;

export interface LengthsOptions {
  readonly loader: AudioLoader;
  readonly onProgress?: OnMeasured | undefined;
  /** Where lengths are kept; in the user's data folder by default. */
  readonly folder?: string;
  /** Fewer recordings than this are quickly measured, and leave nothing behind. */
  readonly keepFrom?: number;
}

export class Lengths {
  private readonly byPath: ReadonlyMap<string, number | AudioError>;

  private constructor(byPath: ReadonlyMap<string, number | AudioError>) {
    this.byPath = byPath;
  }

  /** Measures the recordings of those utterances whose duration is not known. @throws Error if the audio workers do not work. */
  static async read(manifest: string, utterances: readonly Utterance[], options: LengthsOptions): Promise<Lengths> {
    const unknown = utterances.filter(({ duration }) => duration === undefined);
    const paths = [...new Set(unknown.map(({ audio }) => audio))];
    return new Lengths(paths.length === 0 ? new Map() : await measureAll(manifest, paths, options));
  }

  /** Seconds of an utterance; negative if it would start behind its recording's end. @throws AudioError if the recording cannot be read. */
  of({ audio, offset = 0, duration }: Utterance): number {
    if (duration !== undefined) return duration;
    const seconds = this.byPath.get(audio);
    if (typeof seconds === 'number') return seconds - offset;
    throw seconds ?? new Error(`${audio}: its length was not read`);
  }

  /** Seconds of the longest of these utterances, and of all together. Those whose recordings cannot be read count nothing. */
  extent(utterances: readonly Utterance[]): { readonly longest: number; readonly total: number } {
    let [longest, total] = [0, 0];
    for (const { audio, offset = 0, duration } of utterances) {
      const whole = this.byPath.get(audio);
      const seconds = duration ?? (typeof whole === 'number' ? Math.max(0, whole - offset) : 0);
      longest = Math.max(longest, seconds);
      total += seconds;
    }
    return { longest, total };
  }
}

/** Files in one request: few enough that progress is seen and threads end together, many enough that messages cost nothing. */
const perRequest = 128;
/** Requests under way for each thread. */
const ahead = 2;
/** Recordings to measure that are worth a thread more. */
const perThread = 500;
/** Threads at least for many: a disk that is far away is faster with several questions at once. */
const leastThreads = 4;
const mostThreads = 16;
/** Milliseconds between two reports. */
const tellEvery = 250;
/** Milliseconds after which what was measured is kept, so that decoding for hours is not lost. */
const keepEvery = 20_000;

async function measureAll(
  manifest: string,
  paths: readonly string[],
  { loader, onProgress, folder = join(dataFolder(), 'lengths'), keepFrom = 1000 }: LengthsOptions,
): Promise<Map<string, number | AudioError>> {
  const found = new Map<string, number | AudioError>();
  const keeps = paths.length >= keepFrom;
  const file = keptLengthsFile(folder, manifest);
  const keys = keeps ? paths.map(lengthKey) : [];
  const kept: KeptLengths = keeps ? await readKeptLengths(file) : new Map();
  const fresh: KeptLengths = new Map();
  let [next, kepts, last] = [0, 0, performance.now()];
  const keep = async (): Promise<void> => {
    if (!keeps || fresh.size === kepts) return;
    [kepts, last] = [fresh.size, performance.now()];
    // A full disk or a home that cannot be written to only means that it takes as long again.
    await keepLengths(folder, file, fresh).catch(() => undefined);
  };
  let told = performance.now();
  let isSlow = false;
  const tell = async (): Promise<void> => {
    const isLast = isSlow && found.size === paths.length;
    if (performance.now() - told < tellEvery && !isLast) return;
    [told, isSlow] = [performance.now(), true];
    await onProgress?.(found.size, paths.length);
  };
  const work = async (worker: AudioLoader): Promise<void> => {
    while (next < paths.length) {
      const part = paths.slice(next, next + perRequest);
      const keysOfPart = keys.slice(next, next + perRequest);
      next += part.length;
      const before = new Float64Array(part.length * numbersOfFile).fill(NaN);
      keysOfPart.forEach((key, i) => {
        const { size = NaN, modified = NaN, seconds = NaN } = kept.get(key) ?? {};
        before.set([size, modified, seconds], i * numbersOfFile);
      });
      const { values, problems } = await measure(worker, { paths: part, before });
      part.forEach((path, i) => {
        const at = i * numbersOfFile;
        const [size = NaN, modified = NaN, seconds = NaN] = values.subarray(at, at + numbersOfFile);
        const problem = problems.get(i);
        found.set(path, problem === undefined ? seconds : new AudioError(problem));
        const key = keysOfPart[i];
        if (problem === undefined && key !== undefined && !isKept(before, values, at)) {
          fresh.set(key, { size, modified, seconds });
        }
      });
      await tell();
      if (performance.now() - last > keepEvery) await keep();
    }
  };
  const unknown = keeps ? keys.filter((key) => !kept.has(key)).length : paths.length;
  // Every thread would look for the recordings of a parquet file anew.
  const most = paths.some((path) => parseParquetAudio(path) !== undefined) ? 1 : mostThreads;
  const threads = Math.min(Math.max(leastThreads, availableParallelism()), most, Math.floor(unknown / perThread));
  const worker = threads > 1 ? loader.withThreads(threads) : loader;
  try {
    await Promise.all(Array.from({ length: ahead * Math.max(1, threads) }, () => work(worker)));
  } finally {
    // Nothing more is asked for, should one of them have failed.
    next = paths.length;
    if (worker !== loader) await worker.close();
    await keep();
  }
  return found;
}

/** A file that takes a thread with it, as one that decodes to more than memory holds, is no reason to lose the others of its request. */
async function measure(worker: AudioLoader, { paths, before }: FilesToMeasure): Promise<MeasuredFiles> {
  try {
    return await worker.measure({ paths, before });
  } catch (error) {
    if (!(error instanceof AudioError)) throw error;
    const values = new Float64Array(before.length).fill(NaN);
    const [path] = paths;
    if (paths.length <= 1) return { values, problems: new Map([[0, `${path ?? ''}: ${error.message}`]]) };
    const problems = new Map<number, string>();
    for (const [i, path] of paths.entries()) {
      const at = i * numbersOfFile;
      const one = await measure(worker, { paths: [path], before: before.subarray(at, at + numbersOfFile) });
      values.set(one.values, at);
      for (const problem of one.problems.values()) problems.set(i, problem);
    }
    return { values, problems };
  }
}

function isKept(before: Float64Array, values: Float64Array, at: number): boolean {
  return [0, 1, 2].every((i) => before[at + i] === values[at + i]);
}
