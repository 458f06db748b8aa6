/** WavLM (transformers' modeling_wavlm). */

import type * as v from 'valibot';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { adapter, outputSize } from '../blocks/adapter.ts';
import { attention } from '../blocks/attention.ts';
import { encoder, type EncoderParts } from '../blocks/encoder.ts';
import { featureEncoder } from '../blocks/featureEncoder.ts';
import { featureProjection } from '../blocks/featureProjection.ts';
import { linear } from '../blocks/linear.ts';
import type { Module } from '../blocks/module.ts';
import { positionalConvolution } from '../blocks/positionalConvolution.ts';
import { gatedPositionBias, positionBias } from '../blocks/relativePositionBias.ts';
import { adapterConfig, configOf, flag, positionalConfig, size } from '../config.ts';
import { family, maskOf, type Inputs } from './family.ts';

const config = configOf({
  ...positionalConfig,
  ...adapterConfig,
  do_stable_layer_norm: flag(false),
  num_buckets: size(320),
  max_bucket_distance: size(800),
});
type Config = v.InferOutput<typeof config>;

/** The first block computes the bias of positions; all gate it, each in its own way. */
function wavLMParts(): EncoderParts<Config> {
  let bias: ValueName | undefined;
  return {
    positions: positionalConvolution,
    attention: (m, hiddenStates, config, maskBias) => {
      bias ??= positionBias(m, hiddenStates, config);
      const gated = gatedPositionBias(m, hiddenStates, bias, config);
      return attention(m, hiddenStates, config, maskBias === undefined ? gated : m.op('Add', [gated, maskBias]));
    },
  };
}

function wavLMModel(m: Module, inputs: Inputs, config: Config): ValueName {
  const extractFeatures = m.turn(featureEncoder(m.child('feature_extractor'), inputs.inputValues, config));
  const mask = maskOf(m, inputs, extractFeatures, config);
  const projected = featureProjection(m.child('feature_projection'), extractFeatures, config);
  const hiddenStates = encoder(m.child('encoder'), projected, config, mask, wavLMParts());
  return config.add_adapter ? adapter(m.child('adapter'), hiddenStates, config) : hiddenStates;
}

function wavLMForCTC(m: Module, inputs: Inputs, config: Config): ValueName {
  const hiddenStates = wavLMModel(m.child('wavlm'), inputs, config);
  return linear(m.child('lm_head'), hiddenStates, outputSize(config), config.vocab_size);
}

export const wavlm = family({
  modelType: 'wavlm',
  forCTC: 'WavLMForCTC',
  pretrained: ['WavLMModel'],
  base: 'wavlm',
  config,
  headSize: outputSize,
  misfit: ({ num_buckets, max_bucket_distance }) =>
    num_buckets >= 4 && max_bucket_distance > num_buckets / 4
      ? undefined
      : '"num_buckets" must be 4 or more, and "max_bucket_distance" more than a quarter of it',
  logits: wavLMForCTC,
});
