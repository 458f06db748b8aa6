/** A run's state before its first step. */

import { float32, type Tensor } from '../onnx/tensor.ts';
import { stateNames } from './graph/stateNames.ts';
import type { Parameter } from './graph/trainingGraph.ts';
import { groupScores } from './groups.ts';

/**
 * Weights as they are in the file and, if there are gated layers, the root-mean-squares of their gated weights, and thresholds.
 * @param start every layer's threshold, in units of its root-mean-square weight.
 */
export function initialState(
  parameters: readonly Parameter[],
  weights: ReadonlyMap<string, Tensor>,
  start: number,
): Map<string, Tensor> {
  const state = initialWeights(parameters, weights);
  const rms: number[] = [];
  for (const { initializer, gate } of parameters) {
    const tensor = state.get(stateNames.weight(initializer));
    if (gate !== undefined && tensor) rms[gate] = rootMeanSquare(tensor.data as Float32Array);
  }
  for (const [gate, scores] of groupScores(parameters, state)) {
    rms[gate] = Math.sqrt(scores.reduce((sum, score) => sum + score, 0) / scores.length);
  }
  if (rms.length > 0) {
    state.set(stateNames.rms, float32(rms));
    state.set(stateNames.thresholds, float32(rms.map(() => start)));
  }
  return state;
}

/** The weights alone. */
export function initialWeights(
  parameters: readonly Parameter[],
  weights: ReadonlyMap<string, Tensor>,
): Map<string, Tensor> {
  return new Map(
    parameters.map(({ initializer }) => {
      const tensor = weights.get(initializer);
      if (!tensor) throw new Error(`the model has no initializer "${initializer}"`);
      return [stateNames.weight(initializer), tensor];
    }),
  );
}

function rootMeanSquare(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / values.length);
}
