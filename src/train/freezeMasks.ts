/** Ends the learning of thresholds: brings the sparsity to the target exactly. From then on only the weights that survived train. */

import { float32, type Tensor } from '../onnx/graph/tensor.ts';
import { stateNames } from '../state/stateNames.ts';
import type { TrainedParameter } from '../state/parameter.ts';
import { baseFactor, groupSquares, livingGroups } from '../state/groups.ts';
import { maskedWeights, type StateChange, type Write } from '../state/pruned.ts';
import type { State } from '../state/state.ts';
import { factorsFor } from './freezeFactor.ts';

/**
 * What changes of the state when gates no longer move. All thresholds are multiplied by one factor (ours), which keeps the proportions
 * between layers that training found; the factor is the one at which the share of weights under their thresholds is the target. Pruned
 * weights become zeros, and so do their running means.
 * @param state is not changed here; whoever takes the changes may write them to it one by one. Copies would take as much memory as the
 *   state, and most of the time.
 * @param removed how many gated weights are no longer in the model, which count as pruned
 */
export function* freezeMasks(
  parameters: readonly TrainedParameter[],
  state: State,
  target: number,
  removed = 0,
): Iterable<StateChange> {
  const thresholds = state.get(stateNames.thresholds);
  const rms = state.get(stateNames.rms);
  if (!thresholds || !rms) return;
  const squares = groupSquares(parameters, state);
  const factors = factorsFor(parameters, state, squares, target, removed);
  const settled = new Map<string, Tensor>([[stateNames.thresholds, times(thresholds, factors)]]);
  const bases = state.get(stateNames.bases);
  if (bases)
    settled.set(
      stateNames.bases,
      times(bases, (gate) => baseFactor(factors(gate))),
    );
  const gated = parameters.filter(({ gate, groups = [] }) => gate !== undefined || groups.length > 0);
  const after = new Map([...state, ...settled]);
  yield* freezeWeights(state, maskedWeights(gated, after, livingGroups(squares, after)));
  for (const [name, { data }] of settled) {
    yield { names: [name], write: ([into]) => into?.set(data as Float32Array) };
  }
}

const times = ({ data }: Tensor, factor: (gate: number) => number): Tensor =>
  float32((data as Float32Array).map((x, gate) => x * factor(gate)));

/**
 * What changes of a state when weights become what their gates let through: the weights, and the running means of those that are zero, or the
 * optimizer would move them again. The running mean squares need not change: they only divide.
 * @param weights by initializer
 */
export function* freezeWeights(state: State, weights: Iterable<readonly [string, Write]>): Iterable<StateChange> {
  for (const [initializer, writeWeight] of weights) {
    const mean = stateNames.mean(initializer);
    const data = state.get(mean)?.data as Float32Array | undefined;
    yield {
      names: [stateNames.weight(initializer), ...(data ? [mean] : [])],
      write: ([weight, into]) => {
        if (!weight) return;
        if (into && data && into !== data) into.set(data);
        writeWeight(weight, into);
      },
    };
  }
}
