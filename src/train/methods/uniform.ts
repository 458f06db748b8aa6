/** Uniform magnitude pruning: one cut before the first step, the same share of every gated layer; what survives is fine-tuned. */

import type { RunSettings } from '../../protocol/settings.ts';
import { float32, type Tensor } from '../../onnx/graph/tensor.ts';
import { cutSmallest } from '../../prune/uniform.ts';
import { stateNames } from '../../state/stateNames.ts';
import type { TrainedParameter } from '../../state/parameter.ts';
import { initialState } from '../../state/initialState.ts';
import type { Method } from './method.ts';

export function uniformMagnitude({ sparsity: { target } }: Pick<RunSettings, 'sparsity'>): Method {
  return {
    begins: 'fixed',
    begin: (parameters, weights) => cutUniformly(parameters, initialState(parameters, weights, 0), target),
    target: () => target,
  };
}

/** The thresholds say where each layer was cut, in its root-mean-square weight before. */
function cutUniformly(
  parameters: readonly TrainedParameter[],
  state: Map<string, Tensor>,
  target: number,
): typeof state {
  const rms = state.get(stateNames.rms)?.data ?? [];
  const thresholds: number[] = [];
  for (const { initializer, gate, dims } of parameters) {
    const name = stateNames.weight(initializer);
    const tensor = state.get(name);
    if (gate === undefined || !tensor) continue;
    const { weights, edge } = cutSmallest(tensor.data as Float32Array, target);
    state.set(name, float32(weights, dims));
    thresholds[gate] = edge === 0 ? 0 : edge / Number(rms[gate]);
  }
  return state.set(stateNames.thresholds, float32(thresholds));
}
