/** Ends the learning of thresholds: brings the sparsity to the target exactly, then lets the surviving weights settle. */

import { float32, sizeOf, type Tensor } from '../onnx/tensor.ts';
import type { GroupedAxis } from '../prune/groupGates.ts';
import { partOf } from '../prune/groupMasks.ts';
import { stateNames } from './graph/stateNames.ts';
import { isGated, type Parameter } from './graph/parameter.ts';
import { groupSquares, livingGroups, zeroDeadGroups, type Living } from './groups.ts';
import { prunedWeights, type State } from './pruned.ts';

/**
 * The state with gates that no longer move. All thresholds are multiplied by one factor (ours), which keeps the proportions between layers
 * that training found; the factor is the one at which the share of weights under their thresholds is the target. Pruned weights become
 * zeros, and so do their moments.
 * @param state is not changed.
 * @param removed how many gated weights are no longer in the model, which count as pruned
 */
export function settle(
  parameters: readonly Parameter[],
  state: State,
  target: number,
  removed = 0,
): Map<string, Tensor> {
  const thresholds = state.get(stateNames.thresholds);
  const rms = state.get(stateNames.rms);
  if (!thresholds || !rms) return new Map();
  const factor = commonFactor(parameters, state, target, removed);
  const settled = new Map<string, Tensor>([[stateNames.thresholds, times(thresholds, factor)]]);
  const bases = state.get(stateNames.bases);
  if (bases) settled.set(stateNames.bases, times(bases, factor ** 2));
  const gated = parameters.filter(({ gate, groups = [] }) => gate !== undefined || groups.length > 0);
  const pruned = prunedWeights(gated, new Map([...state, ...settled]), 'learning');
  const weights = new Map(Array.from(pruned, ([name, { data }]) => [name, data as Float32Array]));
  return new Map([...fixWeights(state, weights), ...settled]);
}

const times = ({ data }: Tensor, factor: number): Tensor => float32((data as Float32Array).map((x) => x * factor));

/**
 * What changes of a state when weights become what their gates let through: the weights, and the moments of those that are zero, or the
 * optimizer would move them again.
 * @param weights by initializer
 */
export function fixWeights(state: State, weights: ReadonlyMap<string, Float32Array>): Map<string, Tensor> {
  const changed = new Map<string, Tensor>();
  for (const [initializer, weight] of weights) {
    const name = stateNames.weight(initializer);
    changed.set(name, float32(weight, state.get(name)?.dims));
    for (const name of [stateNames.mean(initializer), stateNames.square(initializer)]) {
      const moment = state.get(name);
      if (moment) changed.set(name, float32(zeroedWith(moment.data as Float32Array, weight), moment.dims));
    }
  }
  return changed;
}

/**
 * The factor at which the sparsity is nearest to the target, by bisection: sorting all weights would take gigabytes. It is a quantile of
 * |weight| / threshold over all gated weights and, where groups are gated, of the root of mean square / (base + threshold²).
 */
function commonFactor(parameters: readonly Parameter[], state: State, target: number, removed: number): number {
  const squares = groupSquares(parameters, state);
  const gated = parameters.filter(isGated);
  const total = gated.reduce((sum, { dims }) => sum + sizeOf(dims), removed);
  const sparsity = (factor: number): number => {
    const living = livingGroups(squares, state, factor);
    return 1 - gated.reduce((sum, parameter) => sum + countKept(parameter, state, factor, living), 0) / total;
  };

  let low = 0;
  let high = 1;
  while (sparsity(high) < target && high < 2 ** 40) high *= 2;
  // To a few times the precision of a float32, so that what is found below and above a group's edge is still so in the stored threshold.
  while (high - low > 2 ** -20 * high && high > 2 ** -40) {
    const middle = (low + high) / 2;
    const found = sparsity(middle);
    if (found <= target) low = middle;
    else high = middle;
    if (found === target) break;
  }
  return target - sparsity(low) <= sparsity(high) - target ? low : high;
}

/** How many weights of a gated tensor are let through by the gates of their groups, and by their own at `factor` times its threshold. */
function countKept(parameter: Parameter, state: State, factor: number, living: Living): number {
  const { initializer, dims, gate, groups = [] } = parameter;
  const weights = state.get(stateNames.weight(initializer))?.data as Float32Array | undefined;
  if (!weights) return 0;
  if (gate === undefined) return keptInGroups(dims, groups, living);
  const threshold =
    Number(state.get(stateNames.thresholds)?.data[gate]) * Number(state.get(stateNames.rms)?.data[gate]);
  const edge = Math.abs(threshold) * factor;
  if (groups.length === 0) return weights.length - countBelow(weights, edge);
  const left = weights.slice();
  zeroDeadGroups(parameter, left, living);
  // Zeros of dead groups are below any threshold but 0.
  return left.length - countBelow(left, Math.max(edge, Number.MIN_VALUE));
}

function keptInGroups(dims: readonly number[], groups: readonly GroupedAxis[], living: Living): number {
  return groups.reduce(
    (kept, cut) => kept - partOf(dims, cut) * (living.get(cut.gate)?.filter((alive) => alive === 0).length ?? 0),
    sizeOf(dims),
  );
}

function countBelow(weights: Float32Array, threshold: number): number {
  let count = 0;
  for (const weight of weights) if (Math.abs(weight) < threshold) count++;
  return count;
}

function zeroedWith(values: Float32Array, mask: Float32Array): Float32Array {
  return values.map((value, i) => (mask[i] === 0 ? 0 : value));
}
