/**
 * Gradients of convolutions. With X [N, C, …], W [O, C/groups, kernel] and Y [N, O, …], each gradient is again a convolution or, for the weights, a
 * few matrix products: the one that is faster on a CPU (bench measures the whole step).
 */

import type { Builder } from '../../onnx/graph/builder.ts';
import type { Value } from '../../onnx/graph/value.ts';
import { ints } from '../../onnx/graph/graph.ts';
import { sizeOf } from '../../onnx/graph/tensor.ts';
import type { GradientRule, RuleTable } from '../rule.ts';
import { dimOf, input, one, reshape, slice, sumOver, swapLast, transpose } from './common.ts';
import { pad } from './shape.ts';
import { windowAttributes, windowOf, type Window } from './window.ts';

const convRule: GradientRule = one((context, g, x, y) => {
  const { b, node, needs } = context;
  const w = input(context, 1);
  const window = windowOf(node, w.dims.slice(2), x.dims.slice(2), y.dims.slice(2));
  return [
    needs(0) ? toInput(b, g, w, window) : undefined,
    needs(1) ? toWeights(b, x, g, window) : undefined,
    needs(2) ? overChannels(b, g) : undefined,
  ];
});

/** ConvTranspose is the input gradient of a convolution from y to x, so x and y swap roles. */
const convTransposeRule: GradientRule = one((context, g, x, y) => {
  const { b, node, needs } = context;
  const w = input(context, 1);
  const window = windowOf(node, w.dims.slice(2), y.dims.slice(2), x.dims.slice(2));
  return [
    needs(0) ? b.op('Conv', [g, w], windowAttributes(window)) : undefined,
    needs(1) ? toWeights(b, g, x, window) : undefined,
    needs(2) ? overChannels(b, g) : undefined,
  ];
});

/** The bias gradient: the sum over everything but the channels. */
function overChannels(b: Builder, g: Value): Value {
  return sumOver(
    b,
    g,
    g.dims.flatMap((_, i) => (i === 1 ? [] : [i])),
  );
}

/** dX: a transposed convolution with strides; without strides a convolution with the mirrored kernel, 15 times faster for long kernels. */
export function toInput(b: Builder, g: Value, w: Value, window: Window): Value {
  const { kernel, strides, dilations, begins, ends } = window;
  const spans = kernel.map((size, i) => (size - 1) * (dilations[i] ?? 1));
  const outer = (pads: readonly number[]): number[] => spans.map((span, i) => span - (pads[i] ?? 0));
  const plain = strides.every((stride) => stride === 1) && [...outer(begins), ...outer(ends)].every((n) => n >= 0);
  if (plain) return byMirror(b, g, w, { ...window, begins: outer(begins), ends: outer(ends) });
  // A negative end stands for inputs that were never read: zeros that the transposed convolution appends.
  const attributes = { ...windowAttributes(window), output_padding: ints(ends.map((end) => Math.max(-end, 0))) };
  return b.op('ConvTranspose', [g, w], attributes);
}

/** W with input and output channels swapped, convolved with G, one of them mirrored: whichever is smaller. */
function byMirror(b: Builder, g: Value, w: Value, window: Window): Value {
  const { groups, kernel, begins, ends } = window;
  const [out, perGroup] = [dimOf(w, 0), dimOf(w, 1)];
  const grouped = reshape(b, w, [groups, out / groups, perGroup, sizeOf(kernel)]);
  const swapped = reshape(b, transpose(b, grouped, [0, 2, 1, 3]), [groups * perGroup, out / groups, ...kernel]);
  if (sizeOf(w.dims) < sizeOf(g.dims)) return b.op('Conv', [g, mirror(b, swapped)], windowAttributes(window));
  const turned = windowAttributes({ ...window, begins: ends, ends: begins });
  return mirror(b, b.op('Conv', [mirror(b, g), swapped], turned));
}

/** Reverses every spatial axis. */
function mirror(b: Builder, value: Value): Value {
  const axes = value.dims.flatMap((dim, i) => (i > 1 && dim > 1 ? [i] : []));
  if (axes.length === 0) return value;
  const all = axes.map((axis) => -dimOf(value, axis) - 1);
  const back = axes.map(() => -1);
  return slice(b, value, axes, back, all, back);
}

/**
 * dW[o, c, k] = Σ over n and t of G[n, o, t]·X[n, c, t·stride + k·dilation − begin]. As a convolution, its matrix products are as wide as the
 * kernel is long; tap by tap, they are as wide as a group has channels. The wider form is faster.
 */
function toWeights(b: Builder, x: Value, g: Value, window: Window): Value {
  const perGroup = dimOf(x, 1) / window.groups;
  return perGroup >= sizeOf(window.kernel) ? byTap(b, x, g, window) : byConvolution(b, x, g, window);
}

/** One product G·Xₖᵀ for each element k of the kernel, where Xₖ are the elements of X that it meets. */
function byTap(b: Builder, x: Value, g: Value, window: Window): Value {
  const { groups, kernel, strides, dilations, begins, ends } = window;
  const [n, features, ...places] = g.dims as [number, number, ...number[]];
  const perGroup = dimOf(x, 1) / groups;
  const positions = sizeOf(places);
  const out = features / groups;
  const before = [0, 0, ...begins];
  const padded = pad(b, x, before, [0, 0, ...ends.map((end) => Math.max(end, 0))]);
  const gradient = reshape(b, g, [n, groups, out, positions]);
  const axes = places.map((_, i) => i + 2);
  const taps = Array.from({ length: sizeOf(kernel) }, (_, tap) => {
    const offsets = indexOf(tap, kernel).map((k, i) => k * (dilations[i] ?? 1));
    const stops = offsets.map((offset, i) => offset + ((places[i] ?? 1) - 1) * (strides[i] ?? 1) + 1);
    const met = reshape(b, slice(b, padded, axes, offsets, stops, strides), [n, groups, perGroup, positions]);
    const product = b.op('MatMul', [gradient, swapLast(b, met)]);
    return reshape(b, n === 1 ? product : sumOver(b, product, [0]), [features, perGroup, 1]);
  });
  const [only] = taps;
  const stacked = taps.length === 1 && only ? only : b.op('Concat', taps, { axis: { type: 'int', value: 2 } });
  return reshape(b, stacked, [features, perGroup, ...kernel]);
}

/** The position along each axis of the `flat`-th element of a kernel. */
function indexOf(flat: number, kernel: readonly number[]): number[] {
  return kernel.map((size, i) => Math.floor(flat / sizeOf(kernel.slice(i + 1))) % size);
}

/**
 * A convolution of X by G with the batch as channels, and stride and dilation swapped. Each group of channels meets its own features
 * because the group axis stays in front of the batch.
 */
function byConvolution(b: Builder, x: Value, g: Value, window: Window): Value {
  const { groups, kernel, strides, dilations, begins, ends } = window;
  const [n, channels, ...wide] = x.dims as [number, number, ...number[]];
  const features = dimOf(g, 1);
  const perGroup = channels / groups;
  const grouped = reshape(b, x, [n, groups, perGroup, sizeOf(wide)]);
  const across = reshape(b, transpose(b, grouped, [2, 1, 0, 3]), [perGroup, groups * n, ...wide]);
  const swap = [1, 0, ...wide.map((_, i) => i + 2)];
  const attributes = windowAttributes({
    kernel: g.dims.slice(2),
    strides: dilations,
    dilations: strides,
    begins,
    ends,
    groups,
  });
  const product = b.op('Conv', [across, transpose(b, g, swap)], attributes);
  // Inputs that no position of the window reached give elements beyond the kernel.
  const axes = kernel.map((_, i) => i + 2);
  const beyond = kernel.some((size, i) => dimOf(product, i + 2) !== size);
  const cut = beyond
    ? slice(
        b,
        product,
        axes,
        axes.map(() => 0),
        kernel,
      )
    : product;
  return reshape(b, transpose(b, cut, swap), [features, perGroup, ...kernel]);
}

export const convolution: RuleTable = { Conv: convRule, ConvTranspose: convTransposeRule };
