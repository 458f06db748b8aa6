/** Plans which utterances form which batch, so that the seed and the epoch alone decide every batch of a run. */

import { durationSlack } from '../audio/limits.ts';
import { chooseBuckets, type Bucket } from './lengths.ts';
import type { PreparedUtterance } from './prepare.ts';
import { Random } from '../../base/random.ts';

/** Those of a run's `batch` settings that decide its batches. */
export interface BatchSettings {
  /** Audio in a batch, padding included. */
  readonly seconds: number;
  /** If set, a batch is that many utterances instead. */
  readonly utterances: number | null;
  readonly shuffle: boolean;
}

/** What a training graph is built for: every shape has one of its own. */
export interface BatchShape {
  /** Utterances, with those rows that are left empty. */
  readonly rows: number;
  /** Samples of each row. */
  readonly samples: number;
  /** Labels of each row. */
  readonly labels: number;
}

export interface PlannedBatch {
  readonly rows: number;
  /** Samples of each row, or undefined to pad to the longest of the batch. */
  readonly samples: number | undefined;
  readonly labels: number;
  /** Indices of the utterances. Rows beyond them are silence without labels and count for nothing. */
  readonly members: readonly number[];
}

export interface BatchPlan {
  /** The shapes that batches will have, the largest first; not final where batches are padded to their own longest. */
  readonly shapes: readonly BatchShape[];
  readonly batchesPerEpoch: number;
  /** The batches of an epoch (from 0), in order. */
  readonly epoch: (epoch: number) => readonly PlannedBatch[];
}

/** Labels are padded to a multiple of this, so that shapes are few. */
const labelGrid = 8;

/**
 * The batches of a run. By seconds of audio: utterances of like length together, padded to at most four lengths, each with its own number
 * of rows; where they do not fill the last batch, rows are left over evenly. By number: that many at random, padded to at most four lengths;
 * without `shuffle` consecutive ones in manifest order, wrapping round from epoch to epoch, each batch padded to its own longest.
 * @param sampleRate samples a second of `utterances[…].samples`.
 * @throws RangeError if there are no utterances.
 */
export function planBatches(
  utterances: readonly PreparedUtterance[],
  settings: BatchSettings,
  seed: number,
  sampleRate: number,
): BatchPlan {
  if (utterances.length === 0) throw new RangeError('there are no utterances to make batches of');
  const labelWidth = (members: readonly number[]): number => {
    const longest = largest(members.map((member) => utterances[member]?.labels.length ?? 0));
    return Math.ceil(longest / labelGrid) * labelGrid;
  };
  const slack = Math.ceil(durationSlack * sampleRate);
  const lengths = utterances.map(({ samples }) => samples + slack);
  const grid = Math.round(sampleRate / 10);
  const { seconds, utterances: count, shuffle } = settings;
  if (count === null) {
    const rowsFor = (samples: number): number => Math.max(1, Math.floor((seconds * sampleRate) / samples));
    const buckets = chooseBuckets(lengths, grid, rowsFor);
    return planBySeconds(buckets, labelWidth, shuffle, seed);
  }
  const labels = labelWidth(utterances.map((_, i) => i));
  if (!shuffle) return planInOrder(utterances, count, labels);
  const random = planAtRandom(
    lengths,
    chooseBuckets(lengths, grid, () => count),
    { count, labels, seed },
  );
  return random;
}

function planBySeconds(
  buckets: readonly Bucket[],
  labelWidth: (members: readonly number[]) => number,
  shuffle: boolean,
  seed: number,
): BatchPlan {
  const shapes = buckets.map(({ rows, samples, members }) => ({ rows, samples, labels: labelWidth(members) }));
  return {
    shapes: largestFirst(shapes),
    batchesPerEpoch: buckets.reduce((sum, { members, rows }) => sum + Math.ceil(members.length / rows), 0),
    epoch: (epoch) => {
      const random = Random.seeded(seed, epoch);
      const batches = buckets.flatMap(({ members }, i): PlannedBatch[] => {
        const shape = shapes[i];
        if (!shape) return [];
        const order = shuffle ? random.shuffled(members) : members;
        return split(order, shape.rows).map((part) => ({ ...shape, members: part }));
      });
      return shuffle ? random.shuffled(batches) : batches;
    },
  };
}

function planAtRandom(
  lengths: readonly number[],
  buckets: readonly Bucket[],
  { count, labels, seed }: { readonly count: number; readonly labels: number; readonly seed: number },
): BatchPlan {
  const widths = buckets.map(({ samples }) => samples);
  return {
    shapes: largestFirst(widths.map((samples) => ({ rows: count, samples, labels }))),
    batchesPerEpoch: Math.ceil(lengths.length / count),
    epoch: (epoch) => {
      const order = Random.seeded(seed, epoch).shuffled(lengths.map((_, i) => i));
      return split(order, count).map((members) => {
        const longest = largest(members.map((member) => lengths[member] ?? 0));
        return { rows: count, samples: widths.find((samples) => samples >= longest), labels, members };
      });
    },
  };
}

function planInOrder(utterances: readonly PreparedUtterance[], count: number, labels: number): BatchPlan {
  const batchesPerEpoch = Math.ceil(utterances.length / count);
  const epoch = (epoch: number): PlannedBatch[] =>
    Array.from({ length: batchesPerEpoch }, (_, i) => {
      const first = (epoch * batchesPerEpoch + i) * count;
      const members = Array.from({ length: count }, (_, row) => (first + row) % utterances.length);
      return { rows: count, samples: undefined, labels, members };
    });
  const longest = largest(utterances.map(({ samples }) => samples));
  return { shapes: [{ rows: count, samples: longest, labels }], batchesPerEpoch, epoch };
}

/** Parts of at most `size`, as few as possible and as even as possible, so that no utterance weighs much more than another. */
function split(members: readonly number[], size: number): number[][] {
  const parts = Math.ceil(members.length / size);
  return Array.from({ length: parts }, (_, i) =>
    members.slice(Math.round((i * members.length) / parts), Math.round(((i + 1) * members.length) / parts)),
  );
}

/** Not Math.max with a spread: data sets have more utterances than a call can have arguments. */
function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function largestFirst(shapes: readonly BatchShape[]): BatchShape[] {
  return [...shapes].sort((a, b) => b.rows * b.samples - a.rows * a.samples || b.samples - a.samples);
}
