/** UniSpeech (transformers' modeling_unispeech). */

import type * as v from 'valibot';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { encoder, usualParts } from '../blocks/encoder.ts';
import { featureEncoder } from '../blocks/featureEncoder.ts';
import { featureProjection } from '../blocks/featureProjection.ts';
import { linear } from '../blocks/linear.ts';
import type { Module } from '../blocks/module.ts';
import { configOf, flag, positionalConfig, sizeOrNone } from '../config.ts';
import { family, maskOf, type Inputs } from './family.ts';

const config = configOf({ ...positionalConfig, do_stable_layer_norm: flag(false), adapter_attn_dim: sizeOrNone });
type Config = v.InferOutput<typeof config>;

function uniSpeechModel(m: Module, inputs: Inputs, config: Config): ValueName {
  const extractFeatures = m.turn(featureEncoder(m.child('feature_extractor'), inputs.inputValues, config));
  const mask = maskOf(m, inputs, extractFeatures, config);
  const projected = featureProjection(m.child('feature_projection'), extractFeatures, config);
  return encoder(m.child('encoder'), projected, config, mask, usualParts);
}

function uniSpeechForCTC(m: Module, inputs: Inputs, config: Config): ValueName {
  const hiddenStates = uniSpeechModel(m.child('unispeech'), inputs, config);
  return linear(m.child('lm_head'), hiddenStates, config.hidden_size, config.vocab_size);
}

export const unispeech = family({
  modelType: 'unispeech',
  forCTC: 'UniSpeechForCTC',
  pretrained: ['UniSpeechModel', 'UniSpeechForPreTraining'],
  base: 'unispeech',
  config,
  logits: uniSpeechForCTC,
});
