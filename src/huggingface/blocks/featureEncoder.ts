/** The convolutional feature encoder: from samples to a vector for each frame. */

import { float } from '../../onnx/graph/graph.ts';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import type { FeatureEncoderConfig } from '../config.ts';
import { activation } from './activation.ts';
import { convolution } from './convolution.ts';
import { layerNorm, usualEpsilon } from './linear.ts';
import type { Module } from './module.ts';

/** @param inputValues [batch, samples] @returns [batch, channels, frames] */
export function featureEncoder(m: Module, inputValues: ValueName, config: FeatureEncoderConfig): ValueName {
  const { conv_dim: dims, conv_kernel: kernels, conv_stride: strides, conv_bias: bias } = config;
  let hiddenStates = m.op('Unsqueeze', [inputValues, m.b.ints([1])]);
  for (const [i, outputChannels] of dims.entries()) {
    const layer = m.at('conv_layers', i);
    const shape = {
      channels: dims[i - 1] ?? 1,
      outputChannels,
      kernel: kernels[i] ?? 1,
      stride: strides[i] ?? 1,
      bias,
    };
    hiddenStates = convolution(layer.child('conv'), hiddenStates, shape);
    if (config.feat_extract_norm === 'layer') {
      hiddenStates = layer.turn(layerNorm(layer.child('layer_norm'), layer.turn(hiddenStates), outputChannels));
    } else if (i === 0) {
      hiddenStates = channelNorm(layer.child('layer_norm'), hiddenStates, outputChannels);
    }
    hiddenStates = activation(layer.child('activation'), hiddenStates, config.feat_extract_activation);
  }
  return hiddenStates;
}

/** `nn.GroupNorm` with a group for each channel. */
function channelNorm(m: Module, x: ValueName, channels: number): ValueName {
  const inputs = [x, m.parameter('weight', [channels]), m.parameter('bias', [channels])];
  return m.op('InstanceNormalization', inputs, { epsilon: float(usualEpsilon) });
}
