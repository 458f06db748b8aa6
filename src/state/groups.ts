/** The groups of a state: how large their weights are, and which of them live. */

import { partOf, squaresOfGroups, zeroDead } from '../prune/groupMasks.ts';
import type { TrainedParameter } from './parameter.ts';
import { stateNames } from './stateNames.ts';
import type { State } from './state.ts';

/** By grouped layer: 1 for each group that lives, else 0. */
export type Living = ReadonlyMap<number, Uint8Array>;

/** The mean square of each group's gated weights, by gated layer; what gates compare with is less their layer's base. */
export function groupSquares(parameters: readonly TrainedParameter[], state: State): Map<number, Float64Array> {
  const means = new Map<number, Float64Array>();
  const sizes = new Map<number, number>();
  for (const { initializer, dims, groups = [] } of parameters) {
    const weights = state.get(stateNames.weight(initializer))?.data as Float32Array | undefined;
    for (const cut of groups) {
      if (!cut.gated || !weights) continue;
      const squares = squaresOfGroups(weights, dims, cut);
      const before = means.get(cut.gate);
      means.set(cut.gate, before ? before.map((sum, group) => sum + (squares[group] ?? 0)) : squares);
      sizes.set(cut.gate, (sizes.get(cut.gate) ?? 0) + partOf(dims, cut));
    }
  }
  for (const [gate, sums] of means) {
    const size = sizes.get(gate) ?? 1;
    means.set(
      gate,
      sums.map((sum) => sum / size),
    );
  }
  return means;
}

/**
 * Which groups the gates let through. The graph adds up scores in another order, so that they agree on every group but one that is at its
 * threshold to the last digits.
 * @param squares of `groupSquares`
 * @param factors what thresholds are multiplied by
 */
export function livingGroups(
  squares: ReadonlyMap<number, Float64Array>,
  state: State,
  factors: (gate: number) => number = () => 1,
): Living {
  const thresholds = state.get(stateNames.thresholds)?.data ?? [];
  const rms = state.get(stateNames.rms)?.data ?? [];
  const bases = state.get(stateNames.bases)?.data ?? [];
  return new Map(
    Array.from(squares, ([gate, own]) => {
      const factor = factors(gate);
      const edge =
        baseFactor(factor) * Number(bases[gate]) + (factor * Number(thresholds[gate]) * Number(rms[gate])) ** 2;
      return [gate, Uint8Array.from(own, (square) => (square >= edge ? 1 : 0))];
    }),
  );
}

/**
 * What a layer's base is multiplied by when its threshold is multiplied by a factor (ours). The base stays: a factor means as much of each layer's
 * own spread, and heads, whose scores hardly differ, do not all die before the first unit. Only small factors lower it, to 0 in the end, so that
 * groups which fell under the base live again.
 */
export function baseFactor(factor: number): number {
  return Math.min(1, 2 * factor) ** 2;
}

/** Zeroes in place what a parameter has of dead groups. */
export function zeroDeadGroups({ dims, groups = [] }: TrainedParameter, weights: Float32Array, living: Living): void {
  for (const cut of groups) {
    const alive = living.get(cut.gate);
    if (alive) zeroDead(weights, dims, cut, alive);
  }
}
