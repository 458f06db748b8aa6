/** From the feature encoder's channels to the transformer's. */

import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import type { CommonConfig } from '../config.ts';
import { layerNorm, linear } from './linear.ts';
import type { Module } from './module.ts';

/** @param features [batch, frames, channels] @returns [batch, frames, hidden_size] */
export function featureProjection(m: Module, features: ValueName, config: CommonConfig, normalized = true): ValueName {
  const channels = config.conv_dim.at(-1) ?? 1;
  const input = normalized ? layerNorm(m.child('layer_norm'), features, channels, config.layer_norm_eps) : features;
  return linear(m.child('projection'), input, channels, config.hidden_size);
}
