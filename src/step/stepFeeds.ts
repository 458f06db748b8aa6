/** What a training step is fed besides the state: a batch, and the numbers that go with the step. */

import { allocate, float32, int64, sizeOf, type DataType, type Tensor } from '../onnx/graph/tensor.ts';
import { adamScalars } from './adamw.ts';
import type { DropoutMasks } from './dropout.ts';
import type { TimeMasks } from './specAugment.ts';
import type { TrainingGraph } from './trainingGraph.ts';
import type { TrainingSessionOptions } from './trainingSessionOptions.ts';
import { gumbelNoise } from './gumbelNoise.ts';
import { paddedFeatures } from './paddedFeatures.ts';

/** What one step needs of a batch. */
export interface TrainingBatch {
  /** float32 [utterances × samples], zero-padded; not read where there are features */
  readonly inputs: Float32Array;
  /** What the frozen part of the model makes of each utterance alone. */
  readonly features?: readonly Float32Array[] | undefined;
  readonly samples: number;
  /** Samples of each utterance before padding. */
  readonly samplesPerUtterance: readonly number[];
  /** Labels of each utterance. */
  readonly labels: readonly (readonly number[])[];
  /** Width the labels are padded to. */
  readonly maxLabels: number;
  /** 1, or 0 for an utterance that only fills the batch. */
  readonly weights: readonly number[];
}

export interface StepScalars {
  /** 1-based count of updates, for Adam's bias correction. */
  readonly step: number;
  /** Which batch of the update this is, from 1. */
  readonly part: number;
  readonly learningRate: number;
  readonly gateLearningRate: number;
  /** The temperature of the Gumbel-softmax in a search among channels. */
  readonly temperature: number;
  readonly sparsityTarget: number;
  readonly multiplier: number;
  /** False while gradients accumulate. */
  readonly update: boolean;
}

/** What is hidden from the model while it trains. */
export interface Masks {
  readonly dropout: DropoutMasks;
  readonly time: TimeMasks | undefined;
}

/** By the names of the training graph's inputs; not every graph has all of them. */
export function stepFeeds(
  options: TrainingSessionOptions,
  { frames, dropout, timeMask, features }: Pick<TrainingGraph, 'frames' | 'dropout' | 'timeMask' | 'features'>,
  masks: Masks,
  batch: TrainingBatch,
  scalars: StepScalars,
): Record<string, Tensor> {
  const { step, part } = scalars;
  const dropped = masks.dropout.of(dropout, step, part);
  const lengths = batch.samplesPerUtterance.map((samples) => Math.min(options.frames(samples), frames));
  return {
    ...batchFeeds(options, lengths, batch),
    ...(features && options.features
      ? { [features.name]: paddedFeatures(batch.features ?? [], options.features, features.dims) }
      : {}),
    ...(timeMask && masks.time
      ? { [timeMask.name]: float32(masks.time.of(lengths, frames, step, part), timeMask.dims) }
      : {}),
    ...scalarFeeds(options, scalars),
    ...searchFeeds(options, scalars),
    ...Object.fromEntries(
      dropout.map(({ name, dims }) => [
        name,
        { type: 'float32', dims, data: dropped.get(name) ?? new Float32Array() } as const,
      ]),
    ),
  };
}

function batchFeeds(
  { audioInput, maskInput, blank }: TrainingSessionOptions,
  frameLengths: readonly number[],
  batch: TrainingBatch,
): Record<string, Tensor> {
  const utterances = batch.labels.length;
  const width = batch.maxLabels;
  const labels = new BigInt64Array(utterances * width).fill(BigInt(blank));
  batch.labels.forEach((row, i) => row.forEach((label, k) => (labels[i * width + k] = BigInt(label))));
  return {
    ...(batch.features ? {} : { [audioInput]: float32(batch.inputs, [utterances, batch.samples]) }),
    ...(maskInput ? { [maskInput.name]: attentionMask(batch, utterances, maskInput.type) } : {}),
    labels: { type: 'int64', dims: [utterances, width], data: labels },
    label_lengths: int64(batch.labels.map((row) => row.length)),
    frame_lengths: int64(frameLengths),
    utterance_weights: float32(batch.weights),
  };
}

function scalarFeeds(
  { settings: { optimizer } }: TrainingSessionOptions,
  scalars: StepScalars,
): Record<string, Tensor> {
  const { step, learningRate, gateLearningRate, sparsityTarget, multiplier } = scalars;
  const weights = adamScalars(optimizer, learningRate, step);
  const gates = adamScalars({ ...optimizer, weightDecay: 0 }, gateLearningRate, step);
  return {
    sparsity_target: scalar(sparsityTarget),
    sparsity_multiplier: scalar(multiplier),
    weights_decay: scalar(weights.decay),
    weights_rate: scalar(weights.rate),
    weights_epsilon: scalar(weights.epsilon),
    gates_decay: scalar(gates.decay),
    gates_rate: scalar(gates.rate),
    gates_epsilon: scalar(gates.epsilon),
  };
}

function searchFeeds(
  { candidates, layers, seed }: TrainingSessionOptions,
  { step, temperature }: StepScalars,
): Record<string, Tensor> {
  if (candidates === undefined) return {};
  const dims = [layers.length, candidates];
  return { temperature: scalar(temperature), gumbel_noise: float32(gumbelNoise(sizeOf(dims), seed, step), dims) };
}

const scalar = (value: number): Tensor => float32([value], []);

/** 1 for samples, 0 for padding: [utterances, samples]. */
function attentionMask(batch: TrainingBatch, utterances: number, type: DataType): Tensor {
  const dims = [utterances, batch.samples];
  const data = allocate(type, utterances * batch.samples);
  batch.samplesPerUtterance.forEach((samples, i) => {
    const [start, end] = [i * batch.samples, i * batch.samples + samples];
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(1n, start, end);
    else data.fill(1, start, end);
  });
  return { type, dims, data };
}
