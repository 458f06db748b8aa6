/** Adapters: convolutions behind the encoder that make fewer frames, and small layers in its blocks, one set for each language. */

import { int } from '../../onnx/graph/graph.ts';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { convolution } from './convolution.ts';
import { layerNorm, linear } from './linear.ts';
import type { Module } from './module.ts';

export interface AdapterConfig {
  readonly hidden_size: number;
  readonly add_adapter: boolean;
  readonly output_hidden_size: number | null;
  readonly num_adapter_layers: number;
  readonly adapter_kernel_size: number;
  readonly adapter_stride: number;
}

/** Channels of what goes into the head. */
export function outputSize({ add_adapter, output_hidden_size, hidden_size }: AdapterConfig): number {
  return add_adapter ? (output_hidden_size ?? hidden_size) : hidden_size;
}

/** @param x [batch, frames, hidden_size] @returns [batch, fewer frames, output_hidden_size] */
export function adapter(m: Module, x: ValueName, config: AdapterConfig): ValueName {
  const size = outputSize(config);
  const same = size === config.hidden_size;
  const projected = same
    ? x
    : layerNorm(m.child('proj_layer_norm'), linear(m.child('proj'), x, config.hidden_size, size), size);
  let states = m.turn(projected);
  for (let i = 0; i < config.num_adapter_layers; i++) {
    const layer = m.at('layers', i);
    const convolved = convolution(layer.child('conv'), states, {
      channels: size,
      outputChannels: 2 * size,
      kernel: config.adapter_kernel_size,
      stride: config.adapter_stride,
      pads: [1, 1],
    });
    states = gatedLinearUnit(layer, convolved);
  }
  return m.turn(states);
}

/** `nn.GLU(dim=1)`: one half of the channels, gated by the other. */
export function gatedLinearUnit(m: Module, x: ValueName): ValueName {
  const [values = '', gates = ''] = m.ops('Split', [x], 2, { axis: int(1), num_outputs: int(2) });
  return m.op('Mul', [values, m.op('Sigmoid', [gates])]);
}

/** `Wav2Vec2AttnAdapterLayer`: what MMS has for each language. */
export function attnAdapter(m: Module, x: ValueName, size: number, innerSize: number): ValueName {
  const normalized = layerNorm(m.child('norm'), x, size);
  const inner = m.child('act_fn').op('Relu', [linear(m.child('linear_1'), normalized, size, innerSize)]);
  return linear(m.child('linear_2'), inner, innerSize, size);
}
