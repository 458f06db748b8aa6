/**
 * AdamW (Loshchilov and Hutter 2019, algorithm 2, as torch.optim.AdamW computes it) as graph operators. Everything that depends on
 * the step alone is a scalar computed outside the graph, so that the tensors are passed over as few times as possible.
 */

import type { Builder } from '../onnx/graph/builder.ts';
import type { Value } from '../onnx/graph/value.ts';
import { elementwise } from '../onnx/passes/tiles.ts';

export interface AdamSettings {
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** What the optimizer needs of a step, as scalars of the graph. */
export interface AdamScalars {
  /** 1 − learning rate · weight decay */
  readonly decay: Value;
  readonly rate: Value;
  readonly epsilon: Value;
}

/**
 * The scalars of update `step` (1-based). The graph keeps M = m / (1 − β₁) and V = v / (1 − β₂), which saves two passes over every
 * tensor; the factors come back here: rate · M / (√V + epsilon) is Adam's step with both bias corrections.
 */
export function adamScalars(
  settings: AdamSettings,
  learningRate: number,
  step: number,
): { decay: number; rate: number; epsilon: number } {
  const [beta1, beta2] = settings.betas;
  const correction1 = 1 - beta1 ** step;
  const correction2 = 1 - beta2 ** step;
  const root = Math.sqrt(correction2 / (1 - beta2));
  return {
    decay: 1 - learningRate * settings.weightDecay,
    rate: ((learningRate * (1 - beta1)) / correction1) * root,
    epsilon: settings.epsilon * root,
  };
}

export interface AdamState {
  readonly weight: Value;
  /** Running mean of the gradient, divided by 1 − β₁. */
  readonly mean: Value;
  /** Running mean of the squared gradient, divided by 1 − β₂. */
  readonly square: Value;
}

/** One update of one tensor. All values have one shape; `clip` is the scalar that the gradient is multiplied by, if any. */
export function adamw(
  b: Builder,
  state: AdamState,
  gradient: Value,
  betas: readonly [number, number],
  scalars: AdamScalars,
  clip: Value | undefined,
  name: string,
): AdamState {
  const { tensors } = elementwise(
    b,
    [state.weight, state.mean, state.square, gradient],
    (tile, [weight, mean, square, raw]) => {
      const g = clip ? tile.op('Mul', [raw, clip]) : (raw as Value);
      const nextMean = tile.op('Add', [tile.op('Mul', [mean, tile.scalar(betas[0])]), g]);
      const nextSquare = tile.op('Add', [tile.op('Mul', [square, tile.scalar(betas[1])]), tile.op('Mul', [g, g])]);
      const root = tile.op('Add', [tile.op('Sqrt', [nextSquare]), scalars.epsilon]);
      const change = tile.op('Mul', [tile.op('Div', [nextMean, root]), scalars.rate]);
      const next = tile.op('Sub', [tile.op('Mul', [weight, scalars.decay]), change]);
      return { tensors: [next, nextMean, nextSquare], sums: [] };
    },
    { name: `${name}/adamw` },
  );
  const [weight, mean, square] = tensors as [Value, Value, Value];
  return { weight, mean, square };
}
