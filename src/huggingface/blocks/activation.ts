/** Activation functions by the names that configurations give them (transformers' `ACT2FN`). */

import { string } from '../../onnx/graph/graph.ts';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import type { Module } from './module.ts';

const tanhGelu = (m: Module, x: ValueName): ValueName => m.op('Gelu', [x], { approximate: string('tanh') });
const silu = (m: Module, x: ValueName): ValueName => m.op('Mul', [x, m.op('Sigmoid', [x])]);

const functions = {
  gelu: (m, x) => m.op('Gelu', [x]),
  gelu_new: tanhGelu,
  gelu_fast: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  relu: (m, x) => m.op('Relu', [x]),
  silu,
  swish: silu,
  tanh: (m, x) => m.op('Tanh', [x]),
} as const satisfies Readonly<Record<string, (m: Module, x: ValueName) => ValueName>>;

export type Activation = keyof typeof functions;

export const activations = Object.keys(functions) as [Activation, ...Activation[]];

export function activation(m: Module, x: ValueName, name: Activation): ValueName {
  return functions[name](m, x);
}
