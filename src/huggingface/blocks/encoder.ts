/** The transformer: blocks with their norms behind (`Encoder`) or in front (`EncoderStableLayerNorm`) of what they normalize. */

import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import type { CommonConfig } from '../config.ts';
import { attnAdapter } from './adapter.ts';
import { attention } from './attention.ts';
import { attentionBias, withoutPadding, type FrameMask } from './attentionMask.ts';
import { feedForward } from './feedForward.ts';
import { layerNorm } from './linear.ts';
import type { Module } from './module.ts';
import { positionalConvolution, type PositionalConfig } from './positionalConvolution.ts';

export type EncoderConfig = CommonConfig & {
  readonly num_hidden_layers: number;
  readonly do_stable_layer_norm?: boolean;
  readonly adapter_attn_dim?: number | null;
};

/** What a family has of its own. */
export interface EncoderParts<C> {
  readonly positions: (m: Module, hiddenStates: ValueName, config: C) => ValueName;
  readonly attention: (
    m: Module,
    hiddenStates: ValueName,
    config: C,
    bias: ValueName | undefined,
    layer: number,
  ) => ValueName;
}

/** Those of wav2vec 2.0 and most of its relatives. */
export const usualParts: EncoderParts<EncoderConfig & PositionalConfig> = {
  positions: positionalConvolution,
  attention,
};

/** @param hiddenStates [batch, frames, hidden_size] @returns the same shape */
export function encoder<C extends EncoderConfig>(
  m: Module,
  hiddenStates: ValueName,
  config: C,
  mask: FrameMask | undefined,
  parts: EncoderParts<C>,
): ValueName {
  const stable = config.do_stable_layer_norm === true;
  const norm = (x: ValueName): ValueName =>
    layerNorm(m.child('layer_norm'), x, config.hidden_size, config.layer_norm_eps);
  const audible = withoutPadding(m, hiddenStates, mask);
  const bias = attentionBias(m, mask);
  const placed = m.op('Add', [audible, parts.positions(m.child('pos_conv_embed'), audible, config)]);
  let states = stable ? placed : norm(placed);
  const layer = stable ? encoderLayerStableLayerNorm : encoderLayer;
  for (let i = 0; i < config.num_hidden_layers; i++) {
    states = layer(m.at('layers', i), states, config, (part, x) => parts.attention(part, x, config, bias, i));
  }
  return stable ? norm(states) : states;
}

type LayerAttention = (m: Module, hiddenStates: ValueName) => ValueName;

export function encoderLayer(m: Module, x: ValueName, config: EncoderConfig, attend: LayerAttention): ValueName {
  const { hidden_size: size, layer_norm_eps: epsilon } = config;
  const attended = m.op('Add', [x, attend(m.child('attention'), x)]);
  const normalized = layerNorm(m.child('layer_norm'), attended, size, epsilon);
  const fed = m.op('Add', [normalized, feedForward(m.child('feed_forward'), normalized, config)]);
  return layerNorm(m.child('final_layer_norm'), fed, size, epsilon);
}

function encoderLayerStableLayerNorm(
  m: Module,
  x: ValueName,
  config: EncoderConfig,
  attend: LayerAttention,
): ValueName {
  const { hidden_size: size, layer_norm_eps: epsilon, adapter_attn_dim: adapterSize } = config;
  const normalized = layerNorm(m.child('layer_norm'), x, size, epsilon);
  const attended = m.op('Add', [x, attend(m.child('attention'), normalized)]);
  const final = layerNorm(m.child('final_layer_norm'), attended, size, epsilon);
  const fed = m.op('Add', [attended, feedForward(m.child('feed_forward'), final, config)]);
  if (adapterSize === null || adapterSize === undefined) return fed;
  return m.op('Add', [fed, attnAdapter(m.child('adapter_layer'), fed, size, adapterSize)]);
}
