/** Positions by a wide convolution: what it makes is added to the frames. */

import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import type { CommonConfig } from '../config.ts';
import { activation } from './activation.ts';
import { samePads, weightNormConvolution, type Convolution } from './convolution.ts';
import type { Module } from './module.ts';

export type PositionalConfig = CommonConfig & {
  readonly num_conv_pos_embeddings: number;
  readonly num_conv_pos_embedding_groups: number;
};

/** @param hiddenStates [batch, frames, channels] @returns the same shape */
export function positionalConvolution(m: Module, hiddenStates: ValueName, config: PositionalConfig): ValueName {
  const convolved = weightNormConvolution(m.child('conv'), m.turn(hiddenStates), positionalShape(config));
  return m.turn(activation(m.child('activation'), convolved, config.feat_extract_activation));
}

export function positionalShape(config: PositionalConfig): Convolution {
  const { hidden_size: channels, num_conv_pos_embeddings: kernel, num_conv_pos_embedding_groups: groups } = config;
  return { channels, outputChannels: channels, kernel, pads: samePads(kernel), groups };
}
