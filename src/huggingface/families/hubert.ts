/** HuBERT (transformers' modeling_hubert). */

import type * as v from 'valibot';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { attention } from '../blocks/attention.ts';
import { batchNorm, convolution } from '../blocks/convolution.ts';
import { activation } from '../blocks/activation.ts';
import { encoder } from '../blocks/encoder.ts';
import { featureEncoder } from '../blocks/featureEncoder.ts';
import { featureProjection } from '../blocks/featureProjection.ts';
import { linear } from '../blocks/linear.ts';
import type { Module } from '../blocks/module.ts';
import { positionalConvolution, positionalShape } from '../blocks/positionalConvolution.ts';
import { configOf, flag, positionalConfig } from '../config.ts';
import { family, maskOf, type Inputs } from './family.ts';

const config = configOf({
  ...positionalConfig,
  do_stable_layer_norm: flag(false),
  feat_proj_layer_norm: flag(true),
  conv_pos_batch_norm: flag(false),
});
type Config = v.InferOutput<typeof config>;

/** With batch normalization in place of weight normalization, where the configuration says so. */
function hubertPositionalConvEmbedding(m: Module, hiddenStates: ValueName, config: Config): ValueName {
  if (!config.conv_pos_batch_norm) return positionalConvolution(m, hiddenStates, config);
  const normalized = batchNorm(m.child('batch_norm'), m.turn(hiddenStates), config.hidden_size);
  const convolved = convolution(m.child('conv'), normalized, positionalShape(config));
  return m.turn(activation(m.child('activation'), convolved, config.feat_extract_activation));
}

function hubertModel(m: Module, inputs: Inputs, config: Config): ValueName {
  const extractFeatures = m.turn(featureEncoder(m.child('feature_extractor'), inputs.inputValues, config));
  const mask = maskOf(m, inputs, extractFeatures, config);
  const projected = featureProjection(
    m.child('feature_projection'),
    extractFeatures,
    config,
    config.feat_proj_layer_norm,
  );
  return encoder(m.child('encoder'), projected, config, mask, { positions: hubertPositionalConvEmbedding, attention });
}

function hubertForCTC(m: Module, inputs: Inputs, config: Config): ValueName {
  const hiddenStates = hubertModel(m.child('hubert'), inputs, config);
  return linear(m.child('lm_head'), hiddenStates, config.hidden_size, config.vocab_size);
}

export const hubert = family({
  modelType: 'hubert',
  forCTC: 'HubertForCTC',
  pretrained: ['HubertModel'],
  base: 'hubert',
  config,
  logits: hubertForCTC,
});
