/** Linear layers and normalizations over the last axis, which is the one of channels. */

import { float, int } from '../../onnx/graph/graph.ts';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { float32 } from '../../onnx/graph/tensor.ts';
import type { Module } from './module.ts';

/** `nn.Linear`: x · Wᵀ + b. The matrix is stored [in, out], so that the product reads it as it lies. */
export function linear(m: Module, x: ValueName, size: number, outputSize: number): ValueName {
  return m.op('Add', [linearWithoutBias(m, x, size, outputSize), m.parameter('bias', [outputSize])]);
}

export function linearWithoutBias(m: Module, x: ValueName, size: number, outputSize: number): ValueName {
  return m.op('MatMul', [x, m.matrix('weight', [outputSize, size])]);
}

/** PyTorch's epsilon, where a module does not take the configuration's. */
export const usualEpsilon = 1e-5;

/** `nn.LayerNorm`. */
export function layerNorm(m: Module, x: ValueName, size: number, epsilon = usualEpsilon): ValueName {
  const inputs = [x, m.parameter('weight', [size]), m.parameter('bias', [size])];
  return m.op('LayerNormalization', inputs, { axis: int(-1), epsilon: float(epsilon) });
}

/** `nn.LayerNorm(elementwise_affine=False)`. */
export function layerNormWithoutParameters(m: Module, x: ValueName, size: number): ValueName {
  const ones = m.b.constant(`/ones/${size}`, () => float32(new Float32Array(size).fill(1)));
  return m.op('LayerNormalization', [x, ones], { axis: int(-1), epsilon: float(usualEpsilon) });
}
