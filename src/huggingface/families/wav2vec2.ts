/** wav2vec 2.0 (transformers' modeling_wav2vec2), XLS-R and MMS. */

import type * as v from 'valibot';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { adapter, outputSize } from '../blocks/adapter.ts';
import { encoder, usualParts } from '../blocks/encoder.ts';
import { featureEncoder } from '../blocks/featureEncoder.ts';
import { featureProjection } from '../blocks/featureProjection.ts';
import { linear } from '../blocks/linear.ts';
import type { Module } from '../blocks/module.ts';
import { adapterConfig, configOf, flag, positionalConfig, sizeOrNone } from '../config.ts';
import { family, maskOf, type Inputs } from './family.ts';

const config = configOf({
  ...positionalConfig,
  ...adapterConfig,
  do_stable_layer_norm: flag(false),
  adapter_attn_dim: sizeOrNone,
});
type Config = v.InferOutput<typeof config>;

function wav2Vec2Model(m: Module, inputs: Inputs, config: Config): ValueName {
  const extractFeatures = m.turn(featureEncoder(m.child('feature_extractor'), inputs.inputValues, config));
  const mask = maskOf(m, inputs, extractFeatures, config);
  const projected = featureProjection(m.child('feature_projection'), extractFeatures, config);
  const hiddenStates = encoder(m.child('encoder'), projected, config, mask, usualParts);
  return config.add_adapter ? adapter(m.child('adapter'), hiddenStates, config) : hiddenStates;
}

function wav2Vec2ForCTC(m: Module, inputs: Inputs, config: Config): ValueName {
  const hiddenStates = wav2Vec2Model(m.child('wav2vec2'), inputs, config);
  return linear(m.child('lm_head'), hiddenStates, outputSize(config), config.vocab_size);
}

export const wav2vec2 = family({
  modelType: 'wav2vec2',
  forCTC: 'Wav2Vec2ForCTC',
  pretrained: ['Wav2Vec2Model', 'Wav2Vec2ForPreTraining'],
  base: 'wav2vec2',
  config,
  headSize: outputSize,
  logits: wav2Vec2ForCTC,
});
