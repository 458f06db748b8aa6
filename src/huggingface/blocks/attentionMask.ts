/** Which frames are audio and which are padding, where the model is told which samples are. */

import { int } from '../../onnx/graph/graph.ts';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import type { FeatureEncoderConfig } from '../config.ts';
import type { Module } from './module.ts';

/** By utterance, for frames of [batch, frames, channels]. */
export interface FrameMask {
  /** int64 [batch]: how many of the frames are audio. */
  readonly lengths: ValueName;
  /** bool [batch, frames]. */
  readonly isAudio: ValueName;
}

const types = { float32: 1, int64: 7 } as const;

/**
 * As many frames as the convolutions make of the samples that the mask leaves (`_get_feature_vector_attention_mask`).
 * @param attentionMask int64 [batch, samples]
 * @param hiddenStates [batch, frames, channels]
 */
export function frameMask(
  m: Module,
  attentionMask: ValueName,
  hiddenStates: ValueName,
  { conv_kernel: kernels, conv_stride: strides }: FeatureEncoderConfig,
): FrameMask {
  let lengths = m.op('ReduceSum', [attentionMask, m.b.ints([-1])], { keepdims: int(0) });
  for (const [i, kernel] of kernels.entries()) {
    // (length − kernel) // stride + 1
    const rest = m.op('Sub', [lengths, m.b.int(kernel)]);
    lengths = m.op('Add', [m.op('Div', [rest, m.b.int(strides[i] ?? 1)]), m.b.int(1)]);
  }
  return maskOfLengths(m, lengths, hiddenStates);
}

export function maskOfLengths(m: Module, lengths: ValueName, hiddenStates: ValueName): FrameMask {
  const positions = m.op('Range', [m.b.int(0), sizeOfAxis(m, hiddenStates, 1), m.b.int(1)]);
  const isAudio = m.op('Less', [positions, m.op('Unsqueeze', [lengths, m.b.ints([1])])]);
  return { lengths, isAudio };
}

/** The size of an axis as an int64 scalar. */
export function sizeOfAxis(m: Module, x: ValueName, axis: number): ValueName {
  const size = m.op('Shape', [x], { start: int(axis), end: int(axis + 1) });
  return m.op('Squeeze', [size, m.b.ints([0])]);
}

/** Frames of padding become zeros. */
export function withoutPadding(m: Module, hiddenStates: ValueName, mask: FrameMask | undefined): ValueName {
  if (!mask) return hiddenStates;
  const kept = m.op('Cast', [mask.isAudio], { to: int(types.float32) });
  return m.op('Mul', [hiddenStates, m.op('Unsqueeze', [kept, m.b.ints([2])])]);
}

/** What is added to the scores [batch, heads, queries, keys] so that nobody attends to padding: [batch, 1, 1, keys]. */
export function attentionBias(m: Module, mask: FrameMask | undefined): ValueName | undefined {
  if (!mask) return undefined;
  const bias = m.op('Where', [mask.isAudio, m.b.scalar(0), m.b.scalar(lowest)]);
  return m.op('Unsqueeze', [bias, m.b.ints([1, 2])]);
}

/** The lowest float32: its exponential is zero, and sums with it are finite. */
const lowest = -3.4028234663852886e38;
