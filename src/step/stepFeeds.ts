/** What a training step is fed besides the state: a batch, and the numbers that go with the step. */

import { float32, int64, sizeOf, type Tensor } from '../onnx/graph/tensor.ts';
import { attentionMask } from '../runtime/attentionMask.ts';
import type { Batch } from '../speech/batches/batchStream.ts';
import { adamScalars } from './adamw.ts';
import type { DropoutMasks } from './dropout.ts';
import type { SpecAugmentMasks } from './specAugment.ts';
import type { TrainingGraph } from './trainingGraph.ts';
import type { TrainingSessionOptions } from './trainingSessionOptions.ts';
import { gumbelNoise } from './gumbelNoise.ts';
import { paddedFeatures } from './paddedFeatures.ts';

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
  readonly specAugment: SpecAugmentMasks | undefined;
}

/** By the names of the training graph's inputs; not every graph has all of them. */
export function stepFeeds(
  options: TrainingSessionOptions,
  graph: Pick<TrainingGraph, 'frames' | 'dropout' | 'masks' | 'features'>,
  masks: Masks,
  batch: Batch,
  scalars: StepScalars,
): Record<string, Tensor> {
  const { step, part } = scalars;
  const { frames, dropout, features } = graph;
  const dropped = masks.dropout.of(dropout, step, part);
  const lengths = Array.from(batch.audioLengths, (samples) => Math.min(options.frames(samples), frames));
  return {
    ...batchFeeds(options, lengths, batch),
    ...(features && options.features
      ? { [features.name]: paddedFeatures(batch.features ?? [], options.features, features.dims) }
      : {}),
    ...specAugmentFeeds(graph, masks, lengths, scalars),
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

function specAugmentFeeds(
  { masks: inputs, frames }: Pick<TrainingGraph, 'masks' | 'frames'>,
  { specAugment }: Masks,
  lengths: readonly number[],
  { step, part }: StepScalars,
): Record<string, Tensor> {
  if (!inputs || !specAugment) return {};
  const { time, features } = inputs;
  const width = features?.dims.at(-1) ?? 0;
  return {
    ...(time ? { [time.name]: float32(specAugment.time(lengths, frames, step, part), time.dims) } : {}),
    ...(features
      ? { [features.name]: float32(specAugment.features(lengths.length, width, step, part), features.dims) }
      : {}),
  };
}

function batchFeeds(
  { audioInput, maskInput }: TrainingSessionOptions,
  frameLengths: readonly number[],
  { shape, audio, audioLengths, features, labels, labelLengths, weights }: Batch,
): Record<string, Tensor> {
  const { rows, samples } = shape;
  return {
    ...(features ? {} : { [audioInput]: float32(audio, [rows, samples]) }),
    ...(maskInput ? { [maskInput.name]: attentionMask(maskInput.type, rows, samples, audioLengths) } : {}),
    labels: { type: 'int64', dims: [rows, shape.labels], data: labels },
    label_lengths: { type: 'int64', dims: [rows], data: labelLengths },
    frame_lengths: int64(frameLengths),
    utterance_weights: float32(weights),
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
