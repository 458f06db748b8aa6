/** Removes groups from stored tensors. */

import { allocate, sizeOf, type Tensor } from '../../onnx/graph/tensor.ts';
import type { GroupSlice } from '../groups.ts';

/** The keep mask of groups: whether each stays. */
export type Keep = ArrayLike<number | boolean>;

/** The removed parts of one tensor: those of groups that are not kept. */
export interface GroupCut {
  readonly slice: Pick<GroupSlice, 'axis' | 'start' | 'length'>;
  readonly keep: Keep;
}

/** A copy without the removed parts. The cuts may be on several axes. */
export function cutTensor({ type, dims, data }: Tensor, cuts: readonly GroupCut[]): Tensor {
  const kept = dims.map((dim, axis) =>
    keptIndices(
      dim,
      cuts.filter(({ slice }) => slice.axis === axis),
    ),
  );
  const left = kept.map(({ length }) => length);
  const result = allocate(type, sizeOf(left));
  const lastKept = kept.at(-1) ?? [0];
  const row = dims.at(-1) ?? 1;
  const from = data as ArrayLike<number | bigint>;
  const to = result as { [i: number]: number | bigint | undefined };
  let next = 0;
  for (const start of rowStarts(dims.slice(0, -1), kept)) {
    if (lastKept.length === row) {
      // The array has the type of the source's elements; TypeScript cannot see that.
      result.set(data.subarray(start * row, (start + 1) * row) as never, next);
      next += row;
    } else for (const index of lastKept) to[next++] = from[start * row + index];
  }
  return { type, dims: left, data: result };
}

/** A copy with zeros in the parts of some groups. */
export function zeroGroups({ type, dims, data }: Tensor, cuts: readonly GroupCut[]): Tensor {
  const result = data.slice();
  const zeros = result as { [i: number]: number | bigint };
  const zero = type === 'int64' || type === 'uint64' ? 0n : 0;
  for (const cut of cuts) {
    const inner = sizeOf(dims.slice(cut.slice.axis + 1));
    const length = dims[cut.slice.axis] ?? 1;
    const kept = new Set(keptIndices(length, [cut]));
    for (let i = 0; i < result.length; i++) if (!kept.has(Math.floor(i / inner) % length)) zeros[i] = zero;
  }
  return { type, dims, data: result };
}

function keptIndices(dim: number, cuts: readonly GroupCut[]): number[] {
  const gone = new Set<number>();
  for (const { slice, keep } of cuts) {
    for (let group = 0; group < keep.length; group++) {
      if (keep[group]) continue;
      for (let i = 0; i < slice.length; i++) gone.add(slice.start + group * slice.length + i);
    }
  }
  return Array.from({ length: dim }, (_, i) => i).filter((i) => !gone.has(i));
}

/** The former index of each remaining row. */
function* rowStarts(dims: readonly number[], kept: readonly (readonly number[])[]): Generator<number> {
  const walk = function* (axis: number, at: number): Generator<number> {
    if (axis === dims.length) yield at;
    else for (const index of kept[axis] ?? []) yield* walk(axis + 1, at * (dims[axis] ?? 1) + index);
  };
  yield* walk(0, 0);
}
