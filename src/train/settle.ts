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
  const factors = factorsFor(parameters, state, target, removed);
  const settled = new Map<string, Tensor>([[stateNames.thresholds, times(thresholds, factors)]]);
  const bases = state.get(stateNames.bases);
  if (bases)
    settled.set(
      stateNames.bases,
      times(bases, (gate) => factors(gate) ** 2),
    );
  const gated = parameters.filter(({ gate, groups = [] }) => gate !== undefined || groups.length > 0);
  const pruned = prunedWeights(gated, new Map([...state, ...settled]), 'learning');
  const weights = new Map(Array.from(pruned, ([name, { data }]) => [name, data as Float32Array]));
  return new Map([...fixWeights(state, weights), ...settled]);
}

const times = ({ data }: Tensor, factor: (gate: number) => number): Tensor =>
  float32((data as Float32Array).map((x, gate) => x * factor(gate)));

/** What the threshold of each gated layer is multiplied by. */
type Factors = (gate: number) => number;

/**
 * One factor for all layers but those with the largest groups: heads are too large to reach a target with, so they get the largest factor
 * that does not go beyond it, and then units and single weights make up what is missing.
 */
function factorsFor(parameters: readonly Parameter[], state: State, target: number, removed: number): Factors {
  const sparsity = sparsityAt(parameters, state, removed);
  const fixed = new Map<number, number>();
  const factors =
    (factor: number): Factors =>
    (gate) =>
      fixed.get(gate) ?? factor;
  for (const gates of gatesByGroupSize(parameters).slice(0, -1)) {
    const { below } = around(target, (factor) => sparsity(factors(factor)));
    for (const gate of gates) fixed.set(gate, below);
  }
  const { below, above } = around(target, (factor) => sparsity(factors(factor)));
  const [low, high] = [sparsity(factors(below)), sparsity(factors(above))];
  return factors(target - low <= high - target ? below : above);
}

/** The gated layers by how many gated weights one of their groups has, the largest first; single weights are groups of one. */
function gatesByGroupSize(parameters: readonly Parameter[]): number[][] {
  const sizes = new Map<number, number>();
  for (const { dims, gate, groups = [] } of parameters) {
    if (gate !== undefined) sizes.set(gate, 1);
    for (const cut of groups) {
      if (cut.gated) sizes.set(cut.gate, (sizes.get(cut.gate) ?? 0) + partOf(dims, cut));
    }
  }
  const distinct = [...new Set(sizes.values())].sort((a, b) => b - a);
  return distinct.map((size) => [...sizes].flatMap(([gate, own]) => (own === size ? [gate] : [])));
}

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

/** The share of the gated weights that are zero or gone when thresholds are multiplied by factors. */
function sparsityAt(parameters: readonly Parameter[], state: State, removed: number): (factors: Factors) => number {
  const squares = groupSquares(parameters, state);
  const gated = parameters.filter(isGated);
  const total = gated.reduce((sum, { dims }) => sum + sizeOf(dims), removed);
  return (factors) => {
    const living = livingGroups(squares, state, factors);
    return 1 - gated.reduce((sum, parameter) => sum + countKept(parameter, state, factors, living), 0) / total;
  };
}

/**
 * The factors next to each other between which the sparsity passes the target, by bisection: sorting all weights would take gigabytes. They
 * are a quantile of |weight| / threshold and, where groups are gated, of the root of mean square / (base + threshold²).
 */
function around(
  target: number,
  sparsity: (factor: number) => number,
): { readonly below: number; readonly above: number } {
  let below = 0;
  let above = 1;
  while (sparsity(above) < target && above < 2 ** 40) above *= 2;
  // To a few times the precision of a float32, so that what is found below and above a group's edge is still so in the stored threshold.
  while (above - below > 2 ** -20 * above && above > 2 ** -40) {
    const middle = (below + above) / 2;
    if (sparsity(middle) <= target) below = middle;
    else above = middle;
  }
  return { below, above };
}

/** How many weights of a gated tensor are let through by the gates of their groups, and by their own at `factor` times its threshold. */
function countKept(parameter: Parameter, state: State, factors: Factors, living: Living): number {
  const { initializer, dims, gate, groups = [] } = parameter;
  const weights = state.get(stateNames.weight(initializer))?.data as Float32Array | undefined;
  if (!weights) return 0;
  if (gate === undefined) return keptInGroups(dims, groups, living);
  const threshold =
    Number(state.get(stateNames.thresholds)?.data[gate]) * Number(state.get(stateNames.rms)?.data[gate]);
  const edge = Math.abs(threshold) * factors(gate);
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
