/** UniSpeech-SAT (transformers' modeling_unispeech_sat). */

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

function uniSpeechSatModel(m: Module, inputs: Inputs, config: Config): ValueName {
  const extractFeatures = m.turn(featureEncoder(m.child('feature_extractor'), inputs.inputValues, config));
  const mask = maskOf(m, inputs, extractFeatures, config);
  const projected = featureProjection(m.child('feature_projection'), extractFeatures, config);
  return encoder(m.child('encoder'), projected, config, mask, usualParts);
}

function uniSpeechSatForCTC(m: Module, inputs: Inputs, config: Config): ValueName {
  const hiddenStates = uniSpeechSatModel(m.child('unispeech_sat'), inputs, config);
  return linear(m.child('lm_head'), hiddenStates, config.hidden_size, config.vocab_size);
}

export const unispeechSat = family({
  modelType: 'unispeech-sat',
  forCTC: 'UniSpeechSatForCTC',
  pretrained: ['UniSpeechSatModel', 'UniSpeechSatForPreTraining'],
  base: 'unispeech_sat',
  config,
  logits: uniSpeechSatForCTC,
});
