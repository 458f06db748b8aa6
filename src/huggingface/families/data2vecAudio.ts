/** data2vec for audio (transformers' modeling_data2vec_audio). */

import type * as v from 'valibot';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { activation } from '../blocks/activation.ts';
import { adapter, outputSize } from '../blocks/adapter.ts';
import { attention } from '../blocks/attention.ts';
import { convolution, samePads } from '../blocks/convolution.ts';
import { encoder } from '../blocks/encoder.ts';
import { featureEncoder } from '../blocks/featureEncoder.ts';
import { featureProjection } from '../blocks/featureProjection.ts';
import { layerNormWithoutParameters, linear } from '../blocks/linear.ts';
import type { Module } from '../blocks/module.ts';
import { adapterConfig, configOf, layerNormOnly, size } from '../config.ts';
import { family, maskOf, type Inputs } from './family.ts';

const config = configOf({
  ...adapterConfig,
  // Its feature encoder knows no other norm, and its configuration names none.
  feat_extract_norm: layerNormOnly,
  num_conv_pos_embeddings: size(5),
  num_conv_pos_embedding_groups: size(16),
  conv_pos_kernel_size: size(19),
});
type Config = v.InferOutput<typeof config>;

/** Several convolutions, each with a normalization that has learned nothing. */
function data2VecAudioPositionalConvEmbedding(m: Module, hiddenStates: ValueName, config: Config): ValueName {
  const { hidden_size: channels, conv_pos_kernel_size: kernel, num_conv_pos_embedding_groups: groups } = config;
  let states = m.turn(hiddenStates);
  for (let i = 0; i < config.num_conv_pos_embeddings; i++) {
    const layer = m.at('layers', i);
    const shape = { channels, outputChannels: channels, kernel, pads: samePads(kernel), groups };
    const convolved = convolution(layer.child('conv'), states, shape);
    const normalized = layer.turn(
      layerNormWithoutParameters(layer.child('layer_norm'), layer.turn(convolved), channels),
    );
    states = activation(layer.child('activation'), normalized, config.feat_extract_activation);
  }
  return m.turn(states);
}

function data2VecAudioModel(m: Module, inputs: Inputs, config: Config): ValueName {
  const extractFeatures = m.turn(featureEncoder(m.child('feature_extractor'), inputs.inputValues, config));
  const mask = maskOf(m, inputs, extractFeatures, config);
  const projected = featureProjection(m.child('feature_projection'), extractFeatures, config);
  const parts = { positions: data2VecAudioPositionalConvEmbedding, attention };
  const hiddenStates = encoder(m.child('encoder'), projected, config, mask, parts);
  return config.add_adapter ? adapter(m.child('adapter'), hiddenStates, config) : hiddenStates;
}

function data2VecAudioForCTC(m: Module, inputs: Inputs, config: Config): ValueName {
  const hiddenStates = data2VecAudioModel(m.child('data2vec_audio'), inputs, config);
  return linear(m.child('lm_head'), hiddenStates, outputSize(config), config.vocab_size);
}

export const data2vecAudio = family({
  modelType: 'data2vec-audio',
  forCTC: 'Data2VecAudioForCTC',
  pretrained: ['Data2VecAudioModel'],
  base: 'data2vec_audio',
  config,
  headSize: outputSize,
  logits: data2VecAudioForCTC,
});
