/** What a training step tells: the loss, the gradients' norm, and how sparse each layer is. */

import { countNonZero } from '../onnx/file/count.ts';
import { sizeOf, type Tensor } from '../onnx/graph/tensor.ts';
import { stateNames } from '../state/stateNames.ts';
import { isGated, type TrainedParameter } from '../state/parameter.ts';
import { groupSquares } from '../state/groups.ts';
import type { GatedLayer } from '../state/layerChoice.ts';
import type { LayerNumbers } from '../protocol/series.ts';

export interface StepResult {
  /** CTC and the sparsity term. */
  readonly loss: number;
  readonly ctcLoss: number;
  /** Global norm of the weights' gradients before clipping; NaN for a step without an update. */
  readonly gradientNorm: number;
  /** Over the gated weights, before this step's update; 0 without gates. In a search among channels the expected one. */
  readonly sparsity: number;
  readonly layers: LayerNumbers;
  /** Share of frames whose likeliest symbol is the blank. */
  readonly blankShare: number;
}

/** The gated layers, as they were before training, and the weights that are in the model now. */
export interface GatedLayers {
  readonly layers: readonly Pick<GatedLayer, 'size'>[];
  readonly parameters: readonly TrainedParameter[];
  /** How many gated weights were removed from the model since; none if it is not said. */
  readonly removed?: number | undefined;
}

/** The layers of a state whose masks are frozen, and the share of gated weights that are zero or no longer there. */
export type FrozenLayers = Pick<StepResult, 'layers' | 'sparsity'>;

/**
 * @param reported the graph's small outputs by name
 * @param thresholds that the step used; empty for methods without any
 * @param frozen the layers, where gates no longer learn and the graph does not count
 */
export function stepResult(
  gated: Pick<GatedLayers, 'layers'>,
  reported: (name: string) => Tensor | undefined,
  thresholds: Float32Array,
  frozen: FrozenLayers,
): StepResult {
  const number = (name: string): number => Number(reported(name)?.data[0] ?? NaN);
  const kept = reported('kept')?.data;
  const layers = kept
    ? layerNumbers(gated, thresholds, ({ size }, i) => share(1 - Number(kept[i] ?? 0) / size))
    : frozen.layers;
  const ctcLoss = number('ctc_loss');
  return {
    loss: ctcLoss + (reported('sparsity_loss') ? number('sparsity_loss') : 0),
    ctcLoss,
    gradientNorm: number('gradient_norm'),
    sparsity: share(reported('sparsity') ? number('sparsity') : frozen.sparsity),
    layers,
    blankShare: number('blank_share'),
  };
}

/** Counted once: what is zero stays zero. */
export function frozenLayers(gated: GatedLayers, state: ReadonlyMap<string, Tensor>): FrozenLayers {
  const { parameters, removed = 0 } = gated;
  const thresholds = state.get(stateNames.thresholds)?.data;
  const left: number[] = [];
  let [total, zeros] = [removed, removed];
  for (const parameter of parameters.filter(isGated)) {
    const { gate, initializer, dims } = parameter;
    const weights = state.get(stateNames.weight(initializer));
    const count = weights ? countNonZero(weights) : 0;
    if (gate !== undefined) left[gate] = count;
    total += sizeOf(dims);
    zeros += sizeOf(dims) - count;
  }
  for (const [gate, squares] of groupSquares(parameters, state)) {
    left[gate] = squares.filter((square) => square > 0).length;
  }
  return {
    layers: layerNumbers(gated, thresholds ?? [], ({ size }, i) => 1 - (left[i] ?? 0) / size),
    sparsity: total === 0 ? 0 : zeros / total,
  };
}

/** @param thresholds their signs do not matter; empty for methods without any. */
function layerNumbers(
  { layers }: Pick<GatedLayers, 'layers'>,
  thresholds: ArrayLike<number | bigint>,
  sparsityOf: (layer: GatedLayers['layers'][number], index: number) => number,
): LayerNumbers {
  return {
    thresholds: Float32Array.from(layers, (_, i) => Math.abs(Number(thresholds[i] ?? NaN))),
    sparsities: Float32Array.from(layers, sparsityOf),
  };
}

/** In float32, one minus a share that is one can come out a little below zero. NaN stays NaN. */
function share(value: number): number {
  return Math.min(1, Math.max(0, value));
}
