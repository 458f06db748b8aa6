/** What a training step tells: the loss, the gradients' norm, and how sparse each layer is. */

import { sizeOf, type Tensor } from '../onnx/tensor.ts';
import { stateNames } from './graph/stateNames.ts';
import type { Parameter } from './graph/trainingGraph.ts';

export interface StepResult {
  /** CTC and the sparsity term. */
  readonly loss: number;
  readonly ctcLoss: number;
  /** Global norm of the weights' gradients before clipping; NaN for a step without an update. */
  readonly gradientNorm: number;
  /** Over the gated weights, before this step's update; 0 without gates. In a search among channels the expected one. */
  readonly sparsity: number;
  readonly layers: readonly LayerResult[];
  /** Share of frames whose likeliest symbol is the blank. */
  readonly blankShare: number;
}

export interface LayerResult {
  readonly name: string;
  /** In units of the layer's root-mean-square weight before training; null for methods without thresholds. */
  readonly threshold: number | null;
  readonly sparsity: number;
}

/** The gated layers and their weights. */
export interface GatedLayers {
  readonly layers: readonly string[];
  readonly parameters: readonly Parameter[];
}

/**
 * @param reported the graph's small outputs by name
 * @param thresholds that the step used; empty for methods without any
 * @param resting the layers, where gates no longer learn and the graph does not count
 */
export function stepResult(
  { layers: names, parameters }: GatedLayers,
  reported: (name: string) => Tensor | undefined,
  thresholds: Float32Array,
  resting: readonly LayerResult[],
): StepResult {
  const number = (name: string): number => Number(reported(name)?.data[0] ?? NaN);
  const sizes: number[] = [];
  for (const { gate, dims } of parameters) if (gate !== undefined) sizes[gate] = sizeOf(dims);
  const kept = reported('kept')?.data;
  const layers = kept
    ? names.map((name, i) => ({
        name,
        threshold: magnitude(thresholds[i]),
        sparsity: share(1 - Number(kept[i] ?? 0) / (sizes[i] ?? 1)),
      }))
    : resting;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const pruned = layers.reduce((sum, layer, i) => sum + layer.sparsity * (sizes[i] ?? 0), 0);
  const ctcLoss = number('ctc_loss');
  return {
    loss: ctcLoss + (reported('sparsity_loss') ? number('sparsity_loss') : 0),
    ctcLoss,
    gradientNorm: number('gradient_norm'),
    sparsity: share(total === 0 ? 0 : reported('sparsity') ? number('sparsity') : pruned / total),
    layers,
    blankShare: number('blank_share'),
  };
}

/** The layers of a state whose gates rest: their zeros are counted once. */
export function restingLayers(
  { layers, parameters }: GatedLayers,
  state: ReadonlyMap<string, Tensor>,
): readonly LayerResult[] {
  const thresholds = state.get(stateNames.thresholds)?.data;
  const zeros: number[] = [];
  for (const { gate, initializer } of parameters) {
    if (gate === undefined) continue;
    const weights = state.get(stateNames.weight(initializer))?.data as Float32Array;
    let count = 0;
    for (const weight of weights) if (weight === 0) count++;
    zeros[gate] = count / weights.length;
  }
  return layers.map((name, i) => ({
    name,
    threshold: magnitude(thresholds?.[i]),
    sparsity: zeros[i] ?? 0,
  }));
}

/** A threshold's sign does not matter. */
function magnitude(threshold: number | bigint | undefined): number | null {
  return threshold === undefined ? null : Math.abs(Number(threshold));
}

/** In float32, one minus a share that is one can come out a little below zero. NaN stays NaN. */
function share(value: number): number {
  return Math.min(1, Math.max(0, value));
}
