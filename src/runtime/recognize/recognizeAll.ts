/** Recognises a whole manifest, reads audio ahead on worker threads, and measures the time. */

import { performance } from 'node:perf_hooks';
import { AudioError } from '../../speech/audio/error.ts';
import type { Skipped, Speed } from '../../protocol/results/evaluation.ts';
import type { AudioLoader } from '../../speech/audio/audioLoader.ts';
import type { Utterance } from '../../speech/manifest/utterance.ts';
import type { Processor } from '../../speech/text/processor.ts';
import type { Recognizer } from './recognizer.ts';

export interface Transcript {
  readonly utterance: Utterance;
  readonly text: string;
  /** Seconds of its audio. */
  readonly seconds: number;
  /** The CTC loss of its reference, and how many labels that has; undefined where it was not asked for, or cannot be told. */
  readonly ctc?: { readonly loss: number; readonly labels: number } | undefined;
}

export interface Recognition {
  /** In the manifest's order. */
  readonly transcripts: readonly Transcript[];
  /** Utterances whose audio is missing or broken. */
  readonly skipped: readonly Skipped[];
  readonly speed: Speed;
}

/** A manifest with a larger fraction of unusable utterances is probably wrong. */
export const skippedAtMost = 0.01;

/** Number of utterances whose audio is read ahead. */
const ahead = 8;

interface RecognitionEngine {
  readonly recognizer: Recognizer;
  readonly loader: AudioLoader;
  readonly processor: Processor;
  /** Utterances in a batch. */
  readonly batch: number;
  /** The labels of an utterance's reference, to tell their CTC loss; undefined for a reference that cannot be spelled. */
  readonly labelsOf?: (utterance: Utterance) => ArrayLike<number> | undefined;
}

/** Called after each group of utterances, and after each window of a long one. An error that it throws stops the recognition. */
export type OnRecognized = (
  done: number,
  window?: { readonly done: number; readonly windows: number },
) => Promise<void> | void;

/** @throws Error if more than 1 % of the utterances cannot be used, naming the first. */
export async function recognizeAll(
  utterances: readonly Utterance[],
  engine: RecognitionEngine,
  onProgress: OnRecognized,
): Promise<Recognition> {
  const transcripts: Transcript[] = [];
  const skipped: Skipped[] = [];
  const times: number[] = [];
  let audioSeconds = 0;
  let group: { utterance: Utterance; samples: Float32Array }[] = [];

  const flush = async (): Promise<void> => {
    if (group.length === 0) return;
    const audio = group.map(({ samples }) => samples);
    // A warmup run allocates and plans; its time does not count.
    if (times.length === 0) await engine.recognizer.warmUp(audio);
    const start = performance.now();
    let telling = 0;
    const recognized = await engine.recognizer.recognize(audio, async (done, windows) => {
      const told = performance.now();
      await onProgress(transcripts.length + skipped.length, { done, windows });
      telling += performance.now() - told;
    });
    times.push(performance.now() - start - telling);
    group.forEach(({ utterance, samples }, index) => {
      const seconds = samples.length / engine.processor.sampleRate;
      const { text = '', lossOf } = recognized[index] ?? {};
      const ctc = lossOf && ctcOf(lossOf, engine.labelsOf?.(utterance));
      transcripts.push({ utterance, text, seconds, ...(ctc ? { ctc } : {}) });
      audioSeconds += seconds;
    });
    group = [];
    await onProgress(transcripts.length + skipped.length);
  };

  for await (const { utterance, samples } of readAhead(utterances, engine)) {
    if (samples instanceof Error) {
      if (!(samples instanceof AudioError)) throw samples;
      skipped.push({ id: utterance.id, reason: samples.message });
      if (skipped.length > skippedAtMost * utterances.length) throw tooMany(skipped, utterances.length);
    } else if (group.push({ utterance, samples }) === engine.batch) {
      await flush();
    }
  }
  await flush();
  const computing = times.reduce((sum, time) => sum + time, 0) / 1000;
  const sorted = times.sort((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  const latency = { median: quantile(0.5), p95: quantile(0.95) };
  return { transcripts, skipped, speed: { audioSeconds, realTimeFactor: computing / audioSeconds, latency } };
}

/** Undefined where there are no labels, or no path through the frames says them. */
function ctcOf(
  lossOf: (labels: ArrayLike<number>) => number,
  labels: ArrayLike<number> | undefined,
): Transcript['ctc'] {
  if (!labels || labels.length === 0) return undefined;
  const loss = lossOf(labels);
  return Number.isFinite(loss) ? { loss, labels: labels.length } : undefined;
}

interface Loaded {
  readonly utterance: Utterance;
  readonly samples: Float32Array | Error;
}

async function* readAhead(
  utterances: readonly Utterance[],
  { recognizer, loader, batch }: RecognitionEngine,
): AsyncGenerator<Loaded> {
  const load = async (utterance: Utterance): Promise<Loaded> => {
    try {
      const samples = await loader.load(utterance);
      const problem = recognizer.problemOf(samples.length);
      if (problem === undefined) return { utterance, samples };
      return { utterance, samples: new AudioError(`${utterance.audio}: ${problem}`) };
    } catch (error) {
      // Kept instead of thrown: nobody awaits it yet, and nobody will if the evaluation ends early.
      return { utterance, samples: error instanceof Error ? error : new Error(String(error)) };
    }
  };
  const waiting: Promise<Loaded>[] = [];
  const rest = utterances.values();
  for (const next of rest) {
    waiting.push(load(next));
    const first = waiting.length > Math.max(ahead, 2 * batch) ? waiting.shift() : undefined;
    if (first) yield await first;
  }
  for (const last of waiting) yield await last;
}

export function tooMany(skipped: readonly Skipped[], all: number): Error {
  const [first] = skipped;
  return new Error(
    `${skipped.length} of ${all} utterances cannot be used, more than 1 %; the first is ${first?.id ?? ''}: ${first?.reason ?? ''}`,
  );
}
