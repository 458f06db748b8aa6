/** Finds what thresholds are multiplied by when the masks are frozen, so that the sparsity is the target exactly. */

import { float32, sizeOf } from '../onnx/graph/tensor.ts';
import type { GroupedAxis } from '../prune/groupGates.ts';
import { partOf } from '../prune/groupMasks.ts';
import { stateNames } from '../state/stateNames.ts';
import { weightsIn } from '../state/layout.ts';
import { isGated, type TrainedParameter } from '../state/parameter.ts';
import { livingGroups, zeroDeadGroups, type Living } from '../state/groups.ts';
import { MagnitudeHistogram, MagnitudesNear, type MagnitudeCounts } from '../state/magnitudeCounts.ts';
import type { State } from '../state/state.ts';

/** What the threshold of each gated layer is multiplied by. */
export type Factors = (gate: number) => number;

/**
 * One factor for all layers but those with the largest groups: heads are too large to reach a target with, so they get the largest factor
 * that does not go beyond it, and then units and single weights make up what is missing.
 */
export function factorsFor(
  parameters: readonly TrainedParameter[],
  state: State,
  squares: ReadonlyMap<number, Float64Array>,
  target: number,
  removed: number,
): Factors {
  const sparsity = new Sparsity(parameters, state, squares, removed);
  const fixed = new Map<number, number>();
  const factors =
    (factor: number): Factors =>
    (gate) =>
      fixed.get(gate) ?? factor;
  for (const gates of gatesByGroupSize(parameters).slice(0, -1)) {
    const { below } = around(target, sparsity, factors);
    for (const gate of gates) fixed.set(gate, below);
  }
  const about = roughFactor(target, parameters, state, removed, factors);
  if (about !== undefined) sparsity.expect(factors(about));
  const { below, above } = around(target, sparsity, factors);
  const [low, high] = [sparsity.at(factors(below)), sparsity.at(factors(above))];
  return factors(target - low <= high - target ? below : above);
}

/** One weight in so many says where the factor is, to a few parts in ten thousand where there are hundreds of millions. */
const sampled = 61;
/** Fewer weights are as quickly counted as guessed about. */
const worthSampling = 2 ** 22;

/** Where the factor is about, from a sample of the weights; undefined where some are in groups, or there are too few to be worth it. */
function roughFactor(
  target: number,
  parameters: readonly TrainedParameter[],
  state: State,
  removed: number,
  factors: (factor: number) => Factors,
): number | undefined {
  const gated = parameters.filter(isGated);
  if (gated.some(({ gate, groups = [] }) => gate === undefined || groups.length > 0)) return undefined;
  if (weightsIn(gated) < worthSampling) return undefined;
  const few = new Map(state);
  const smaller = gated.map((parameter) => {
    const name = stateNames.weight(parameter.initializer);
    const weights = state.get(name)?.data as Float32Array | undefined;
    const own = new Float32Array(Math.ceil((weights?.length ?? 0) / sampled));
    for (let i = 0; i < own.length; i++) own[i] = weights?.[i * sampled] ?? 0;
    few.set(name, float32(own));
    return { ...parameter, dims: [own.length] };
  });
  return around(target, new Sparsity(smaller, few, new Map(), removed / sampled), factors).below;
}

/** The gated layers by how many gated weights one of their groups has, the largest first; single weights are groups of one. */
function gatesByGroupSize(parameters: readonly TrainedParameter[]): number[][] {
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

/** The share of the gated weights that are zero or gone when thresholds are multiplied by factors. */
class Sparsity {
  private readonly state: State;
  private readonly squares: ReadonlyMap<number, Float64Array>;
  private readonly gated: readonly TrainedParameter[];
  private readonly total: number;
  /** The counts of weights that have gates of their own, by initializer, with the groups that were alive. */
  private readonly counts = new Map<
    string,
    { readonly counts: MagnitudeCounts; readonly alive: readonly Uint8Array[] }
  >();
  private expected: Factors | undefined;

  /** @param squares of `groupSquares` */
  constructor(
    parameters: readonly TrainedParameter[],
    state: State,
    squares: ReadonlyMap<number, Float64Array>,
    removed: number,
  ) {
    this.state = state;
    this.squares = squares;
    this.gated = parameters.filter(isGated);
    this.total = removed + weightsIn(this.gated);
  }

  /** Factors near which it will be asked for: weights that are not counted yet are counted for edges about there. */
  expect(factors: Factors): void {
    this.expected = factors;
  }

  at(factors: Factors): number {
    return this.share(factors, (counts, edge) => counts.below(edge));
  }

  /** Whether some condition, which a lower share meets if a higher one does, holds for it. Mostly the bounds say so, and no weight is read. */
  meets(condition: (share: number) => boolean, factors: Factors): boolean {
    if (condition(this.share(factors, (counts, edge) => counts.bounds(edge)[1]))) return true;
    if (!condition(this.share(factors, (counts, edge) => counts.bounds(edge)[0]))) return false;
    return condition(this.at(factors));
  }

  private share(factors: Factors, below: (counts: MagnitudeCounts, edge: number) => number): number {
    const living = livingGroups(this.squares, this.state, factors);
    const kept = this.gated.reduce((sum, parameter) => sum + this.kept(parameter, factors, living, below), 0);
    return 1 - kept / this.total;
  }

  /** How many weights of a gated tensor are let through by the gates of their groups, and by their own at its factor times their threshold. */
  private kept(
    parameter: TrainedParameter,
    factors: Factors,
    living: Living,
    below: (counts: MagnitudeCounts, edge: number) => number,
  ): number {
    const { state } = this;
    const { initializer, dims, gate, groups = [] } = parameter;
    const weights = state.get(stateNames.weight(initializer))?.data as Float32Array | undefined;
    if (!weights) return 0;
    if (gate === undefined) return keptInGroups(dims, groups, living);
    const threshold =
      Number(state.get(stateNames.thresholds)?.data[gate]) * Number(state.get(stateNames.rms)?.data[gate]);
    const edge = Math.abs(threshold) * factors(gate);
    const expected = Math.abs(threshold) * (this.expected?.(gate) ?? 0);
    // Zeros of dead groups are below any threshold but 0.
    const least = groups.length === 0 ? 0 : Number.MIN_VALUE;
    const counts = this.countsOf(parameter, weights, living, expected);
    return weights.length - below(counts, Math.max(edge, least));
  }

  /** The counts of a tensor without its dead groups. It is counted again only when other groups are dead than before. */
  private countsOf(
    parameter: TrainedParameter,
    weights: Float32Array,
    living: Living,
    expected: number,
  ): MagnitudeCounts {
    const { initializer, groups = [] } = parameter;
    const alive = groups.map(({ gate }) => living.get(gate) ?? new Uint8Array());
    const before = this.counts.get(initializer);
    if (before?.alive.every((own, i) => Buffer.compare(own, alive[i] ?? own) === 0)) return before.counts;
    const now = (): Float32Array => {
      if (groups.length === 0) return weights;
      const left = weights.slice();
      zeroDeadGroups(parameter, left, living);
      return left;
    };
    const counts = expected > 0 ? new MagnitudesNear(now, expected) : new MagnitudeHistogram(now);
    this.counts.set(initializer, { counts, alive });
    return counts;
  }
}

/**
 * The factors next to each other between which the sparsity passes the target, by bisection: sorting all weights would take gigabytes. They
 * are a quantile of |weight| / threshold and, where groups are gated, of the root of (mean square - base) / threshold², and from 1/2 down of
 * mean square / (4 base + threshold²).
 */
function around(
  target: number,
  sparsity: Sparsity,
  factors: (factor: number) => Factors,
): { readonly below: number; readonly above: number } {
  let below = 0;
  let above = 1;
  while (above < 2 ** 40 && sparsity.meets((share) => share < target, factors(above))) above *= 2;
  // To a few times the precision of a float32, so that what is found below and above a group's edge is still so in the stored threshold.
  while (above - below > 2 ** -20 * above && above > 2 ** -40) {
    const middle = (below + above) / 2;
    if (sparsity.meets((share) => share <= target, factors(middle))) below = middle;
    else above = middle;
  }
  return { below, above };
}

function keptInGroups(dims: readonly number[], groups: readonly GroupedAxis[], living: Living): number {
  return groups.reduce(
    (kept, cut) => kept - partOf(dims, cut) * (living.get(cut.gate)?.filter((alive) => alive === 0).length ?? 0),
    sizeOf(dims),
  );
}
