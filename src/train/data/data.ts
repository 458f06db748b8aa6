/** The training data of a run: which utterances are used, in which batches. */

import { AudioError } from '../../speech/audio/error.ts';
import type { AudioLoader } from '../../speech/audio/audioLoader.ts';
import { planBatches, type BatchPlan } from '../../speech/batches/batches.ts';
import { streamBatches, type Batch, type Position } from '../../speech/batches/batchStream.ts';
import { readManifest } from '../../speech/manifest/read.ts';
import {
  describeDropped,
  prepareUtterances,
  type Dropped,
  type PreparedUtterance,
} from '../../speech/batches/prepare.ts';
import type { Processor } from '../../speech/text/processor.ts';
import type { Utterance } from '../../speech/manifest/utterance.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { Features } from '../features/features.ts';
import type { TrainingBatch } from '../../step/stepFeeds.ts';

/** More unusable files than this share are more likely a mistake than bad luck. */
const unusableAtMost = 0.01;

export class TrainingData {
  readonly ready: readonly PreparedUtterance[];
  readonly dropped: readonly Dropped[];
  readonly plan: BatchPlan;
  private readonly loader: AudioLoader;
  private readonly processor: Processor;
  private readonly manifest: string;

  private constructor(
    parts: { ready: readonly PreparedUtterance[]; dropped: readonly Dropped[]; plan: BatchPlan },
    sources: { loader: AudioLoader; processor: Processor; manifest: string },
  ) {
    this.ready = parts.ready;
    this.dropped = parts.dropped;
    this.plan = parts.plan;
    this.loader = sources.loader;
    this.processor = sources.processor;
    this.manifest = sources.manifest;
  }

  /**
   * @param loader is closed by whoever made it.
   * @throws Error naming the manifest if nothing in it can be trained on, or more than 1 % of its files cannot be read.
   */
  static async open(
    settings: Pick<RunSettings, 'train' | 'batch' | 'seed'>,
    processor: Processor,
    frames: (samples: number) => number,
    loader: AudioLoader,
  ): Promise<TrainingData> {
    const { train: manifest, batch, seed } = settings;
    const { sampleRate, vocabulary } = processor;
    const utterances = await readManifest(manifest);
    const { ready, dropped } = await prepareUtterances(utterances, {
      sampleRate,
      vocabulary,
      frames,
      minSeconds: batch.minSeconds,
      maxSeconds: batch.utterances === null ? Math.min(batch.maxSeconds, batch.seconds) : batch.maxSeconds,
      seconds: (path) => loader.seconds(path),
    });
    if (ready.length === 0) {
      throw new Error(`${manifest}: no utterance can be trained on: ${describeDropped(dropped).join('; ')}.`);
    }
    const plan = planBatches(ready, batch, seed, sampleRate);
    const data = new TrainingData({ ready, dropped, plan }, { loader, processor, manifest });
    data.refuseTooMany([]);
    return data;
  }

  /** Batches from a position on, without end: of audio, or of what features are made from. */
  stream(from: Position, features?: Pick<Features, 'load'>): AsyncGenerator<Batch, never> {
    const { ready: utterances, plan, loader } = this;
    const read = features && ((utterance: Utterance) => features.load(utterance));
    return streamBatches({ utterances, plan, loader, read, paddingValue: this.processor.paddingValue, from });
  }

  /** Where the batch behind a position is. */
  next({ epoch, batch }: Position): Position {
    return batch + 1 < this.plan.batchesPerEpoch ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 };
  }

  /** Seconds of audio in an epoch, without padding. */
  get audioSeconds(): number {
    return this.ready.reduce((sum, { samples }) => sum + samples, 0) / this.processor.sampleRate;
  }

  /** @param failed ids of utterances that turned out to be unusable. @throws AudioError if they are too many. */
  refuseTooMany(failed: readonly string[], problem?: string): void {
    const unreadable = this.dropped.filter(({ reason }) => reason === 'unreadable');
    const count = unreadable.length + failed.length;
    const all = this.ready.length + this.dropped.length;
    if (count <= unusableAtMost * all) return;
    const first = problem ?? unreadable[0]?.detail ?? failed[0] ?? '';
    throw new AudioError(
      `${this.manifest}: ${count} of ${all} audio files cannot be used, more than 1 %; one of them: ${first}`,
    );
  }
}

/** A batch in the form the training graph takes. @param features of its utterances, if it takes these. */
export function trainingBatch(batch: Batch, features?: readonly Float32Array[]): TrainingBatch {
  const { rows, samples, maxLabels, labels, labelLengths } = batch;
  return {
    inputs: batch.audio,
    features,
    samples,
    maxLabels,
    samplesPerUtterance: Array.from(batch.lengths),
    labels: Array.from({ length: rows }, (_, row) => {
      const start = row * maxLabels;
      return Array.from(labels.subarray(start, start + (labelLengths[row] ?? 0)));
    }),
    weights: Array.from(batch.weights, (weight) => (weight > 0 ? 1 : 0)),
  };
}

/** Seconds of audio in a batch, padding not counted. */
export function secondsOf(batch: Batch, sampleRate: number): number {
  return batch.lengths.reduce((sum, length) => sum + length, 0) / sampleRate;
}
