/** Group scores and masks on stored tensors: the operations of groupGates.ts outside a graph. */

import type { GroupedAxis } from './groupGates.ts';

/** The sums of squares over each group's part of a tensor. */
export function squaresOfGroups(weights: Float32Array, dims: readonly number[], cut: GroupedAxis): Float64Array {
  const sums = new Float64Array(cut.groups);
  forEachRun(dims, cut.axis, (index, from, to) => {
    const group = groupAt(cut, index);
    if (group === undefined) return;
    let sum = 0;
    for (let i = from; i < to; i++) sum += (weights[i] ?? 0) ** 2;
    sums[group] = (sums[group] ?? 0) + sum;
  });
  return sums;
}

/** Zeroes the dead groups' parts of a tensor, in place. @param living 1 for each group that lives */
export function zeroDead(
  weights: Float32Array,
  dims: readonly number[],
  cut: GroupedAxis,
  living: ArrayLike<number>,
): void {
  forEachRun(dims, cut.axis, (index, from, to) => {
    const group = groupAt(cut, index);
    if (group !== undefined && living[group] === 0) weights.fill(0, from, to);
  });
}

/** Number of weights of a tensor in one group. */
export function partOf(dims: readonly number[], { axis, length }: Pick<GroupedAxis, 'axis' | 'length'>): number {
  return dims.reduce((product, dim, i) => product * (i === axis ? length : dim), 1);
}

/** The group of an index of the axis, if any. */
function groupAt({ start, length, groups }: GroupedAxis, index: number): number | undefined {
  const group = Math.floor((index - start) / length);
  return group >= 0 && group < groups ? group : undefined;
}

/** Contiguous elements with the same index along an axis: from `from` to before `to`. */
function forEachRun(
  dims: readonly number[],
  axis: number,
  visit: (index: number, from: number, to: number) => void,
): void {
  const length = dims[axis] ?? 1;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const outer = dims.slice(0, axis).reduce((product, dim) => product * dim, 1);
  for (let run = 0; run < outer * length; run++) visit(run % length, run * inner, (run + 1) * inner);
}
