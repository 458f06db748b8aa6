/** The model as a run trains it now: whole, or without the groups that were taken out on the way. */

import type { ModelFile } from '../onnx/file/load.ts';
import { float32, sizeOf, type Tensor } from '../onnx/graph/tensor.ts';
import { partOf } from '../prune/groupMasks.ts';
import type { GroupedLayer } from '../prune/groups.ts';
import { shrinkModel } from '../prune/shrink.ts';
import { cutTensor } from '../prune/shrink/cut.ts';
import { stateNames } from './stateNames.ts';
import { isGated, type GateMode, type TrainedParameter } from './parameter.ts';
import { groupSquares, livingGroups, type Living } from './groups.ts';
import type { State } from './state.ts';

/** How many weights are no longer in the model. */
export interface Removed {
  readonly gated: number;
  readonly all: number;
}

export const nothingRemoved: Removed = { gated: 0, all: 0 };

export interface Layout {
  readonly model: ModelFile;
  readonly parameters: readonly TrainedParameter[];
  readonly removed: Removed;
}

/** The whole model, and its grouped layers in the order of the gates. */
export interface WholeModel extends Layout {
  readonly grouped: readonly GroupedLayer[];
  /** What these layers were looked for among. */
  readonly matrices: ReadonlySet<string>;
}

/** What a state trains: its weights are without the groups that it says are not present. */
export function layoutOf(whole: WholeModel, state: State): Layout {
  const keep = new Map<number, Uint8Array>();
  for (const gate of whole.grouped.keys()) {
    const present = state.get(stateNames.present(gate));
    if (present) keep.set(gate, Uint8Array.from(present.data as Float32Array));
  }
  if (keep.size === 0) return whole;
  // The file's numbers are those from before the training: a bias that was zero there is none to leave out.
  const varying = new Set(whole.parameters.map(({ initializer }) => initializer));
  const { file, removed } = shrinkModel(whole.model, whole.matrices, byName(whole, keep), { varying });
  const left = whole.parameters.filter(({ initializer }) => !removed.has(initializer));
  const parameters = left.map((parameter) => withoutParts(parameter, keep));
  const gone = (some: (parameter: TrainedParameter) => boolean): number =>
    weightsIn(whole.parameters.filter(some)) - weightsIn(parameters.filter(some));
  return { model: file, parameters, removed: { gated: gone(isGated), all: gone(() => true) } };
}

/**
 * The layers that the graph cannot do without: the last of their groups has to stay, if only as zeros.
 * @param emptied layers, by their gates, that are to lose all groups
 */
export function heldLayers(whole: WholeModel, emptied: readonly number[]): ReadonlySet<number> {
  if (emptied.length === 0) return new Set();
  const nothing = new Map(emptied.map((gate) => [gate, new Uint8Array(whole.grouped[gate]?.groups ?? 0)]));
  const { layers } = shrinkModel(whole.model, whole.matrices, byName(whole, nothing));
  const held = new Set(layers.filter((layer) => layer.held).map(({ name }) => name));
  return new Set(emptied.filter((gate) => held.has(whole.grouped[gate]?.name ?? '')));
}

/**
 * The state without groups that leave the model: their weights and moments are cut out, everything else goes on as it was.
 * @param keep of the groups that are in the model now, 1 for each that stays
 */
export function withoutGroups(
  parameters: readonly TrainedParameter[],
  state: State,
  keep: Living,
): Map<string, Tensor> {
  const left = new Map([...state].filter(([name]) => !name.startsWith('gradient/')));
  for (const { initializer, dims, groups = [] } of parameters) {
    const cuts = groups.flatMap((slice) => {
      const kept = keep.get(slice.gate);
      return kept ? [{ slice, keep: kept }] : [];
    });
    if (cuts.length === 0) continue;
    for (const nameOf of [stateNames.weight, stateNames.mean, stateNames.square]) {
      // Moments are held in the shape of element-wise work.
      const tensor = state.get(nameOf(initializer));
      const cut = tensor && cutTensor({ ...tensor, dims }, cuts);
      if (cut && cut.data.length > 0) left.set(nameOf(initializer), cut);
      else left.delete(nameOf(initializer));
    }
  }
  for (const [gate, kept] of keep) {
    const dead = state.get(stateNames.deadFor(gate));
    const counts = (dead?.data as Float32Array | undefined)?.filter((_, i) => kept[i] === 1) ?? [];
    if (counts.length > 0) left.set(stateNames.deadFor(gate), float32(counts));
    else left.delete(stateNames.deadFor(gate));
    const before = state.get(stateNames.present(gate))?.data as Float32Array | undefined;
    const present = Float32Array.from(before ?? new Float32Array(kept.length).fill(1));
    let next = 0;
    left.set(stateNames.present(gate), float32(present.map((is) => (is === 1 ? (kept[next++] ?? 1) : 0))));
  }
  return left;
}

/** The groups that live as the gates are now, by gated layer. */
export function presentlyLiving(parameters: readonly TrainedParameter[], state: State, gates: GateMode): Living {
  const squares = groupSquares(parameters, state);
  if (gates === 'learning') return livingGroups(squares, state);
  return new Map(Array.from(squares, ([gate, own]) => [gate, Uint8Array.from(own, (square) => (square > 0 ? 1 : 0))]));
}

export interface LongDead {
  /** Share of the gated weights in the model that must be in groups that leave. */
  readonly share: number;
  /** For so many updates in a row a group must have been dead. */
  readonly after: number;
  /** So many gated weights may leave at most: those beyond the target live again when the masks are frozen. */
  readonly room: number;
}

/**
 * The groups that stay when those leave that have been dead for long, the longest dead first; undefined if these are not many.
 * @param counts for how many updates in a row each group has been dead, under `stateNames.deadFor`
 */
export function withoutLongDead(
  parameters: readonly TrainedParameter[],
  counts: State,
  { share, after, room }: LongDead,
): Living | undefined {
  const living = new Map<number, Uint8Array>();
  const candidates: { gate: number; group: number; updates: number; weights: number }[] = [];
  for (const [gate, weights] of gatedWeightsOfOneGroup(parameters)) {
    const dead = counts.get(stateNames.deadFor(gate))?.data as Float32Array | undefined;
    if (!dead) continue;
    living.set(gate, new Uint8Array(dead.length).fill(1));
    // While gates learn, each layer keeps the group that died last.
    const last = dead.indexOf(Math.min(...dead));
    dead.forEach((updates, group) => {
      if (updates >= after && group !== last) candidates.push({ gate, group, updates, weights });
    });
  }
  let leaving = 0;
  for (const { gate, group, weights } of candidates.toSorted((a, b) => b.updates - a.updates)) {
    if (leaving + weights > room) continue;
    living.get(gate)?.fill(0, group, group + 1);
    leaving += weights;
  }
  return leaving > 0 && leaving >= share * weightsIn(parameters.filter(isGated)) ? living : undefined;
}

/** By gated layer, in how many gated weights each of its groups has a part. */
function gatedWeightsOfOneGroup(parameters: readonly TrainedParameter[]): ReadonlyMap<number, number> {
  const weights = new Map<number, number>();
  for (const parameter of parameters) {
    for (const cut of parameter.groups ?? []) {
      const part = isGated(parameter) ? partOf(parameter.dims, cut) : 0;
      weights.set(cut.gate, (weights.get(cut.gate) ?? 0) + part);
    }
  }
  return weights;
}

/** How many groups of a layer do not stay. */
export function countLeaving(kept: Uint8Array | undefined): number {
  return kept?.reduce((sum, stays) => sum + (stays === 0 ? 1 : 0), 0) ?? 0;
}

/** How many weights they are together. */
export function weightsIn(parameters: readonly TrainedParameter[]): number {
  return parameters.reduce((sum, { dims }) => sum + sizeOf(dims), 0);
}

function byName({ grouped }: WholeModel, keep: ReadonlyMap<number, Uint8Array>): Map<string, Uint8Array> {
  return new Map(Array.from(keep, ([gate, kept]) => [grouped[gate]?.name ?? '', kept]));
}

/** The parameter as it is when some groups are not in the model. */
function withoutParts(parameter: TrainedParameter, keep: Living): TrainedParameter {
  const { groups, dims: whole } = parameter;
  const axis = groups?.[0]?.axis;
  if (!groups || axis === undefined) return parameter;
  const stays = new Uint8Array(whole[axis] ?? 0).fill(1);
  for (const { gate, start, length } of groups) {
    keep.get(gate)?.forEach((kept, group) => {
      if (kept === 0) stays.fill(0, start + group * length, start + (group + 1) * length);
    });
  }
  const indices = Int32Array.from([...stays.keys()].filter((index) => stays[index] === 1));
  if (indices.length === stays.length) return parameter;
  const left = groups.map((cut) => ({
    ...cut,
    start: indices.filter((index) => index < cut.start).length,
    groups: cut.groups - countLeaving(keep.get(cut.gate)),
  }));
  const dims = whole.with(axis, indices.length);
  return { ...parameter, dims, groups: left, left: { size: stays.length, indices } };
}
