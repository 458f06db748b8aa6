/** The batches of a run as its training steps take them. What they are filled with is read a few batches ahead. */

import { AudioError } from '../audio/error.ts';
import type { AudioLoader } from '../audio/audioLoader.ts';
import type { BatchPlan, BatchShape, PlannedBatch } from './batches.ts';
import type { Utterance } from '../manifest/utterance.ts';
import type { PreparedUtterance } from './prepare.ts';

/** Where in the data a run is: an epoch, and a batch in it, both from 0. */
export interface Position {
  readonly epoch: number;
  readonly batch: number;
}

/** A batch, in the form in which it is fed. Rows that hold no utterance are silence, have no labels and weigh nothing. */
export interface Batch {
  readonly shape: BatchShape;
  /** [rows, samples], padded behind each utterance; empty where there are features instead. */
  readonly audio: Float32Array;
  /** What a frozen encoder makes of each utterance alone. The utterances take the first rows. */
  readonly features?: readonly Float32Array[] | undefined;
  /** Samples of each row's utterance; 0 where there is none. */
  readonly audioLengths: Int32Array;
  /** int64 [rows, labels], padded with the blank. */
  readonly labels: BigInt64Array<ArrayBuffer>;
  /** int64 [rows] */
  readonly labelLengths: BigInt64Array<ArrayBuffer>;
  /** What each row counts for in the mean over utterances: 1, or 0 where there is none. All are 0 if every file failed. */
  readonly weights: Float32Array;
  /** Utterances of the plan whose audio could not be used; their rows hold none. */
  readonly failures: readonly { readonly id: string; readonly problem: string }[];
}

/** What reads utterances for a frozen encoder, and gives what that makes of them. */
export interface FeatureSource {
  /** Reads ahead. `features` may block the thread while it computes them. @throws AudioError as the loader. */
  readonly load: (
    utterance: Utterance,
  ) => Promise<{ readonly samples: number; readonly features: () => Promise<Float32Array> }>;
}

export interface BatchStreamOptions {
  readonly utterances: readonly PreparedUtterance[];
  readonly plan: BatchPlan;
  readonly loader: Pick<AudioLoader, 'load'>;
  /** If set, batches hold features instead of audio. */
  readonly features?: FeatureSource | undefined;
  /** Behind each utterance's audio and behind its labels. */
  readonly padding: { readonly audio: number; readonly label: number };
  /** The first batch to give, the very first of the run by default. */
  readonly from?: Position;
  /** Batches to read ahead, 2 by default. */
  readonly ahead?: number;
}

/** The batches of a run from a position on, epoch after epoch without end, in the plan's order. */
export async function* streamBatches(options: BatchStreamOptions): AsyncGenerator<Batch, never> {
  const { plan, from = { epoch: 0, batch: 0 }, ahead = 2 } = options;
  const planned = walk(plan, from);
  const next = (): ReturnType<typeof fill> => {
    const filling = fill(planned.next().value, options);
    // A batch that fails before it is asked for must not end the process; whoever asks for it gets the error.
    filling.catch(() => undefined);
    return filling;
  };
  const coming = Array.from({ length: ahead }, next);
  for (;;) {
    coming.push(next());
    const filled = await coming.shift();
    if (!filled) continue;
    const { batch, waiting } = filled;
    const features: Float32Array[] = [];
    for (const compute of waiting) features.push(await compute());
    yield options.features ? { ...batch, features } : batch;
  }
}

function* walk(plan: BatchPlan, from: Position): Generator<PlannedBatch, never> {
  for (let { epoch, batch } = from; ; epoch++, batch = 0) {
    const batches = plan.epoch(epoch);
    if (batch >= batches.length) throw new RangeError(`epoch ${epoch} has only ${batches.length} batches`);
    yield* batches.slice(batch);
  }
}

/** @returns the batch, and what is still to be computed when its turn comes: the features of each utterance. */
async function fill(
  planned: PlannedBatch,
  { utterances, loader, features, padding }: BatchStreamOptions,
): Promise<{ readonly batch: Batch; readonly waiting: readonly (() => Promise<Float32Array>)[] }> {
  const failures: { id: string; problem: string }[] = [];
  const loading = planned.members.map(async (member) => {
    const prepared = utterances[member];
    if (!prepared) throw new RangeError(`the plan is for other utterances: there is no utterance ${member}`);
    const { utterance, labels } = prepared;
    try {
      if (features) return { utterance, labels, ...(await features.load(utterance)) };
      const audio = await loader.load(utterance);
      return { utterance, labels, samples: audio.length, audio };
    } catch (error) {
      if (!(error instanceof AudioError)) throw error;
      failures.push({ id: utterance.id, problem: error.message });
      return undefined;
    }
  });
  const loaded = (await Promise.all(loading)).filter((row) => row !== undefined);
  const samples = planned.samples ?? Math.max(1, ...loaded.map((row) => row.samples));
  const fitting = loaded.filter(({ utterance, samples: own }) => {
    if (own <= samples) return true;
    const problem = `${utterance.audio}: it is longer than the manifest says; correct its duration or leave it out`;
    failures.push({ id: utterance.id, problem });
    return false;
  });

  const { rows, labels: width } = planned;
  const batch = {
    shape: { rows, samples, labels: width },
    audio: new Float32Array(features ? 0 : rows * samples).fill(padding.audio),
    audioLengths: new Int32Array(rows),
    labels: new BigInt64Array(rows * width).fill(BigInt(padding.label)),
    labelLengths: new BigInt64Array(rows),
    weights: new Float32Array(rows).fill(1, 0, fitting.length),
    failures,
  };
  for (const [row, { labels, samples: own, ...read }] of fitting.entries()) {
    if ('audio' in read) batch.audio.set(read.audio, row * samples);
    batch.audioLengths[row] = own;
    batch.labels.set(Array.from(labels, BigInt), row * width);
    batch.labelLengths[row] = BigInt(labels.length);
  }
  return { batch, waiting: fitting.flatMap((row) => ('features' in row ? [row.features] : [])) };
}
