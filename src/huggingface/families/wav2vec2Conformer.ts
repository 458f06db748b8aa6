/** wav2vec 2.0 with conformer blocks (transformers' modeling_wav2vec2_conformer). */

import type * as v from 'valibot';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { activation } from '../blocks/activation.ts';
import { adapter, gatedLinearUnit, outputSize } from '../blocks/adapter.ts';
import { attend, byHead, headsFirst, keysPerm, splitHeads } from '../blocks/attention.ts';
import { attentionBias, withoutPadding, type FrameMask } from '../blocks/attentionMask.ts';
import { batchNorm, convolution, samePads } from '../blocks/convolution.ts';
import { featureEncoder } from '../blocks/featureEncoder.ts';
import { featureProjection } from '../blocks/featureProjection.ts';
import { feedForward } from '../blocks/feedForward.ts';
import { layerNorm, linear } from '../blocks/linear.ts';
import type { Module } from '../blocks/module.ts';
import {
  relativePositionalEmbedding,
  relativeScores,
  rotaryPositionalEmbedding,
  rotated,
  type Rotation,
} from '../blocks/relativePositions.ts';
import { adapterConfig, choiceOrNone, configOf, size } from '../config.ts';
import { family, maskOf, type Inputs } from './family.ts';

const config = configOf({
  ...adapterConfig,
  position_embeddings_type: choiceOrNone(['relative', 'rotary'], 'relative'),
  rotary_embedding_base: size(10_000),
  conv_depthwise_kernel_size: size(31),
});
type Config = v.InferOutput<typeof config>;

interface Positions {
  readonly relative?: ValueName;
  readonly rotary?: Rotation;
}

function embedPositions(m: Module, hiddenStates: ValueName, config: Config): Positions {
  const { hidden_size: channels, num_attention_heads: heads } = config;
  switch (config.position_embeddings_type) {
    case 'relative':
      return { relative: relativePositionalEmbedding(m, hiddenStates, channels) };
    case 'rotary':
      return { rotary: rotaryPositionalEmbedding(m, hiddenStates, channels / heads, config.rotary_embedding_base) };
    case null:
      return {};
  }
}

function convolutionModule(m: Module, hiddenStates: ValueName, config: Config): ValueName {
  const { hidden_size: channels, conv_depthwise_kernel_size: kernel } = config;
  const point = { channels, kernel: 1, bias: false };
  const normalized = m.turn(layerNorm(m.child('layer_norm'), hiddenStates, channels));
  const doubled = convolution(m.child('pointwise_conv1'), normalized, { ...point, outputChannels: 2 * channels });
  const gated = gatedLinearUnit(m.child('glu'), doubled);
  const depthwise = {
    channels,
    outputChannels: channels,
    kernel,
    pads: samePads(kernel),
    groups: channels,
    bias: false,
  };
  const convolved = convolution(m.child('depthwise_conv'), gated, depthwise);
  const active = activation(
    m.child('activation'),
    batchNorm(m.child('batch_norm'), convolved, channels),
    config.hidden_act,
  );
  return m.turn(convolution(m.child('pointwise_conv2'), active, { ...point, outputChannels: channels }));
}

function selfAttention(
  m: Module,
  hiddenStates: ValueName,
  config: Config,
  { relative, rotary }: Positions,
  maskBias: ValueName | undefined,
): ValueName {
  const { hidden_size: channels, num_attention_heads: heads } = config;
  const headSize = channels / heads;
  const placed = rotary ? rotated(m, hiddenStates, rotary, headSize) : hiddenStates;
  const scale = m.b.scalar(headSize ** -0.5);
  let query = splitHeads(m, linear(m.child('linear_q'), placed, channels, channels), headSize);
  const key = byHead(m, linear(m.child('linear_k'), placed, channels, channels), headSize, keysPerm);
  const value = byHead(m, linear(m.child('linear_v'), hiddenStates, channels, channels), headSize);
  let bias = maskBias;
  if (relative !== undefined) {
    const scores = m.op('Mul', [relativeScores(m, query, relative, channels, heads), scale]);
    bias = bias === undefined ? scores : m.op('Add', [scores, bias]);
    query = m.op('Add', [query, m.parameter('pos_bias_u', [heads, headSize])]);
  }
  const context = attend(m, m.op('Mul', [headsFirst(m, query), scale]), key, value, bias);
  return linear(m.child('linear_out'), context, channels, channels);
}

function encoderLayer(
  m: Module,
  hiddenStates: ValueName,
  config: Config,
  positions: Positions,
  maskBias: ValueName | undefined,
): ValueName {
  const norm = (name: string, x: ValueName): ValueName => layerNorm(m.child(name), x, config.hidden_size);
  const halved = (name: string, x: ValueName): ValueName =>
    m.op('Mul', [feedForward(m.child(name), norm(`${name}_layer_norm`, x), config), m.b.scalar(0.5)]);
  const first = m.op('Add', [halved('ffn1', hiddenStates), hiddenStates]);
  const attended = selfAttention(
    m.child('self_attn'),
    norm('self_attn_layer_norm', first),
    config,
    positions,
    maskBias,
  );
  const second = m.op('Add', [attended, first]);
  const third = m.op('Add', [second, convolutionModule(m.child('conv_module'), second, config)]);
  return norm('final_layer_norm', m.op('Add', [halved('ffn2', third), third]));
}

/** There is a positional convolution in the checkpoint, which nothing reads. */
function encoder(m: Module, hiddenStates: ValueName, config: Config, mask: FrameMask | undefined): ValueName {
  let states = withoutPadding(m, hiddenStates, mask);
  const bias = attentionBias(m, mask);
  const positions = embedPositions(m.child('embed_positions'), states, config);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    states = encoderLayer(m.at('layers', i), states, config, positions, bias);
  }
  return layerNorm(m.child('layer_norm'), states, config.hidden_size, config.layer_norm_eps);
}

function wav2Vec2ConformerModel(m: Module, inputs: Inputs, config: Config): ValueName {
  const extractFeatures = m.turn(featureEncoder(m.child('feature_extractor'), inputs.inputValues, config));
  const mask = maskOf(m, inputs, extractFeatures, config);
  const projected = featureProjection(m.child('feature_projection'), extractFeatures, config);
  const hiddenStates = encoder(m.child('encoder'), projected, config, mask);
  return config.add_adapter ? adapter(m.child('adapter'), hiddenStates, config) : hiddenStates;
}

function wav2Vec2ConformerForCTC(m: Module, inputs: Inputs, config: Config): ValueName {
  const hiddenStates = wav2Vec2ConformerModel(m.child('wav2vec2_conformer'), inputs, config);
  return linear(m.child('lm_head'), hiddenStates, outputSize(config), config.vocab_size);
}

export const wav2vec2Conformer = family({
  modelType: 'wav2vec2-conformer',
  forCTC: 'Wav2Vec2ConformerForCTC',
  pretrained: ['Wav2Vec2ConformerModel', 'Wav2Vec2ConformerForPreTraining'],
  base: 'wav2vec2_conformer',
  config,
  headSize: outputSize,
  misfit: ({ conv_depthwise_kernel_size, hidden_size, num_attention_heads }) => {
    if (conv_depthwise_kernel_size % 2 === 0) return '"conv_depthwise_kernel_size" must be odd';
    return (hidden_size / num_attention_heads) % 2 === 0
      ? undefined
      : '"hidden_size" must have an even number of channels for each of "num_attention_heads"';
  },
  logits: wav2Vec2ConformerForCTC,
});
