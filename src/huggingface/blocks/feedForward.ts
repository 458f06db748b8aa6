/** The feed-forward part of a block. */

import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import type { CommonConfig } from '../config.ts';
import { activation } from './activation.ts';
import { linear } from './linear.ts';
import type { Module } from './module.ts';

export function feedForward(m: Module, hiddenStates: ValueName, config: CommonConfig): ValueName {
  const { hidden_size: size, intermediate_size: units } = config;
  const inner = linear(m.child('intermediate_dense'), hiddenStates, size, units);
  const active = activation(m.child('intermediate_act_fn'), inner, config.hidden_act);
  return linear(m.child('output_dense'), active, units, size);
}
