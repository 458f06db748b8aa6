/** Fills planned batches with audio, a few batches ahead of whoever trains on them. */

import { AudioError } from '../audio/error.ts';
import type { AudioLoader } from '../audio/audioLoader.ts';
import type { BatchPlan, PlannedBatch } from './batches.ts';
import type { Utterance } from '../manifest/utterance.ts';
import type { PreparedUtterance } from './prepare.ts';

/** Where in the data a run is: an epoch, and a batch in it, both from 0. */
export interface Position {
  readonly epoch: number;
  readonly batch: number;
}

/** What was read of an utterance: its audio, or what was made of the audio earlier. */
export interface Sound {
  /** Samples of the audio. */
  readonly samples: number;
  readonly audio?: Float32Array;
  readonly features?: Float32Array;
  /** Under which features of the audio are to be kept. */
  readonly key?: string | undefined;
}

/** A batch as the training graph takes it. Rows that hold no utterance are silence, have no labels and weigh nothing. */
export interface Batch {
  readonly position: Position;
  readonly rows: number;
  /** Columns of `audio`. */
  readonly samples: number;
  /** Columns of `labels`. */
  readonly maxLabels: number;
  /** [rows, samples], padded behind each utterance; empty if something else than audio is read. */
  readonly audio: Float32Array;
  /** What was read of the utterances, which take the first rows, where that is not audio alone. */
  readonly sounds?: readonly Sound[];
  /** Samples of each row's utterance; 0 where there is none. */
  readonly lengths: Int32Array;
  /** [rows, maxLabels], padded with 0. */
  readonly labels: Int32Array;
  readonly labelLengths: Int32Array;
  /** What each row counts for in the mean over utterances: 1, or 0 where there is none. All are 0 if every file failed. */
  readonly weights: Float32Array;
  /** The utterance of each row. */
  readonly ids: readonly (string | undefined)[];
  /** Utterances of the plan whose audio could not be used; their rows hold none. */
  readonly failures: readonly { readonly id: string; readonly problem: string }[];
}

export interface BatchStreamOptions {
  readonly utterances: readonly PreparedUtterance[];
  readonly plan: BatchPlan;
  readonly loader: Pick<AudioLoader, 'load'>;
  /** What reads an utterance, where that is not the loader. @throws AudioError as the loader. */
  readonly read?: ((utterance: Utterance) => Promise<Sound>) | undefined;
  readonly paddingValue?: number;
  /** The first batch to give, the very first of the run by default. */
  readonly from?: Position;
  /** Batches to read ahead, 2 by default. */
  readonly ahead?: number;
}

/** The batches of a run from a position on, epoch after epoch without end, in the plan's order. */
export async function* streamBatches(options: BatchStreamOptions): AsyncGenerator<Batch, never> {
  const { plan, from = { epoch: 0, batch: 0 }, ahead = 2 } = options;
  const positions = walk(plan, from);
  const next = (): Promise<Batch> => {
    const { position, planned } = positions.next().value;
    const batch = fill(planned, position, options);
    // A batch that fails before it is asked for must not end the process; whoever asks for it gets the error.
    batch.catch(() => undefined);
    return batch;
  };
  const coming = Array.from({ length: ahead }, next);
  for (;;) {
    coming.push(next());
    const batch = coming.shift();
    if (batch) yield await batch;
  }
}

function* walk(plan: BatchPlan, from: Position): Generator<{ position: Position; planned: PlannedBatch }, never> {
  for (let { epoch, batch: first } = from; ; epoch++, first = 0) {
    const batches = plan.epoch(epoch);
    if (first >= batches.length) throw new RangeError(`epoch ${epoch} has only ${batches.length} batches`);
    for (const [batch, planned] of batches.entries()) {
      if (batch >= first) yield { position: { epoch, batch }, planned };
    }
  }
}

async function fill(
  planned: PlannedBatch,
  position: Position,
  { utterances, loader, read: readOther, paddingValue = 0 }: BatchStreamOptions,
): Promise<Batch> {
  const readAudio = async (utterance: Utterance): Promise<Sound> => {
    const audio = await loader.load(utterance);
    return { samples: audio.length, audio };
  };
  const readSound = readOther ?? readAudio;
  const failures: { id: string; problem: string }[] = [];
  const loading = planned.members.map(async (member) => {
    const ready = utterances[member];
    if (!ready) throw new RangeError(`the plan is for other utterances: there is no utterance ${member}`);
    try {
      return { ready, sound: await readSound(ready.utterance) };
    } catch (error) {
      if (!(error instanceof AudioError)) throw error;
      failures.push({ id: ready.utterance.id, problem: error.message });
      return undefined;
    }
  });
  const read = (await Promise.all(loading)).filter((row) => row !== undefined);
  const samples = planned.samples ?? Math.max(1, ...read.map(({ sound }) => sound.samples));
  const fitting = read.filter(({ ready, sound }) => {
    if (sound.samples <= samples) return true;
    const problem = `${ready.utterance.audio}: it is longer than the manifest says; correct its duration or leave it out`;
    failures.push({ id: ready.utterance.id, problem });
    return false;
  });

  const { rows, labels: maxLabels } = planned;
  const batch = {
    position,
    rows,
    samples,
    maxLabels,
    audio: new Float32Array(readOther ? 0 : rows * samples).fill(paddingValue),
    ...(readOther ? { sounds: fitting.map(({ sound }) => sound) } : {}),
    lengths: new Int32Array(rows),
    labels: new Int32Array(rows * maxLabels),
    labelLengths: new Int32Array(rows),
    weights: new Float32Array(rows).fill(1, 0, fitting.length),
    ids: Array.from({ length: rows }, (_, row) => fitting[row]?.ready.utterance.id),
    failures,
  };
  fitting.forEach(({ ready, sound }, row) => {
    if (!readOther && sound.audio) batch.audio.set(sound.audio, row * samples);
    batch.lengths[row] = sound.samples;
    batch.labels.set(ready.labels, row * maxLabels);
    batch.labelLengths[row] = ready.labels.length;
  });
  return batch;
}
