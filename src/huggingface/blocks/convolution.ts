/** Convolutions over time: x is [batch, channels, frames]. */

import { float, int, ints } from '../../onnx/graph/graph.ts';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { usualEpsilon } from './linear.ts';
import type { Module } from './module.ts';

export interface Convolution {
  readonly channels: number;
  readonly outputChannels: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Frames of zeros before and after. */
  readonly pads?: readonly [number, number];
  readonly groups?: number;
  readonly bias?: boolean;
}

/** `nn.Conv1d`. */
export function convolution(m: Module, x: ValueName, shape: Convolution): ValueName {
  return withKernel(m, x, m.parameter('weight', kernelDims(shape)), shape);
}

/** `nn.Conv1d` under `weight_norm(…, dim=2)`: the kernel is v · g / ‖v‖, the norm being over all axes but the last. */
export function weightNormConvolution(m: Module, x: ValueName, shape: Convolution): ValueName {
  const g = m.parameter('parametrizations.weight.original0', [1, 1, shape.kernel]);
  const v = m.parameter('parametrizations.weight.original1', kernelDims(shape));
  const norm = m.op('ReduceL2', [v, m.b.ints([0, 1])], { keepdims: int(1) });
  return withKernel(m, x, m.op('Mul', [v, m.op('Div', [g, norm])]), shape);
}

function kernelDims({ channels, outputChannels, kernel, groups = 1 }: Convolution): readonly number[] {
  return [outputChannels, channels / groups, kernel];
}

function withKernel(m: Module, x: ValueName, kernel: ValueName, shape: Convolution): ValueName {
  const { outputChannels, stride = 1, pads = [0, 0], groups = 1, bias = true } = shape;
  return m.op('Conv', [x, kernel, ...(bias ? [m.parameter('bias', [outputChannels])] : [])], {
    kernel_shape: ints([shape.kernel]),
    strides: ints([stride]),
    pads: ints(pads),
    group: int(groups),
  });
}

/** `nn.BatchNorm1d` with the statistics that it has learned, over the channels of [batch, channels, frames]. */
export function batchNorm(m: Module, x: ValueName, channels: number): ValueName {
  const parts = ['weight', 'bias', 'running_mean', 'running_var'].map((name) => m.parameter(name, [channels]));
  return m.op('BatchNormalization', [x, ...parts], { epsilon: float(usualEpsilon) });
}

/** The padding on both sides with which `Conv1d(padding=kernel // 2)` and the layer behind it that removes a last frame keep the length. */
export function samePads(kernel: number): readonly [number, number] {
  const before = Math.floor(kernel / 2);
  return [before, kernel % 2 === 0 ? before - 1 : before];
}
