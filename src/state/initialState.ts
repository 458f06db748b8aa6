/** A run's state before its first step. */

import { float32, type Tensor } from '../onnx/graph/tensor.ts';
import { unitOf } from '../prune/groupGates.ts';
import { stateNames } from './stateNames.ts';
import type { TrainedParameter } from './parameter.ts';
import { groupSquares } from './groups.ts';

/**
 * Weights as they are in the file and, if there are gated layers, thresholds and their units: root-mean-squares of weights, or of groups.
 * @param start every layer's threshold, in units of its root-mean-square weight.
 */
export function initialState(
  parameters: readonly TrainedParameter[],
  weights: ReadonlyMap<string, Tensor>,
  start: number,
): Map<string, Tensor> {
  const state = initialWeights(parameters, weights);
  const rms: number[] = [];
  for (const { initializer, gate } of parameters) {
    const tensor = state.get(stateNames.weight(initializer));
    if (gate !== undefined && tensor) rms[gate] = rootMeanSquare(tensor.data as Float32Array);
  }
  const grouped = groupSquares(parameters, state);
  const bases: number[] = [];
  for (const [gate, squares] of grouped) {
    const unit = unitOf(squares);
    rms[gate] = unit.rms;
    bases[gate] = unit.base;
  }
  if (rms.length > 0) {
    state.set(stateNames.rms, float32(rms));
    state.set(stateNames.thresholds, float32(rms.map(() => start)));
    if (grouped.size > 0) state.set(stateNames.bases, float32(rms.map((_, gate) => bases[gate] ?? 0)));
  }
  return state;
}

/** The weights alone. */
export function initialWeights(
  parameters: readonly TrainedParameter[],
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
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) ** 2;
  return Math.sqrt(sum / values.length);
}
