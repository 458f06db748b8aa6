/** Removes dead groups of channels from a model. The result computes what the model computes with these groups at zero. */

import { append } from '../base/append.ts';
import type { Model, Node } from '../onnx/graph/graph.ts';
import type { ModelFile } from '../onnx/file/load.ts';
import { rewriteFile } from '../onnx/file/rewriteFile.ts';
import { namesIn, withoutUnread } from '../onnx/graph/subgraphs.ts';
import type { Tensor } from '../onnx/graph/tensor.ts';
import { simplify } from '../onnx/passes/simplify.ts';
import { Trace, traceNodes } from '../onnx/infer/trace.ts';
import { storedTensors } from './channels/follow.ts';
import { findLayers, type ChosenLayer, type ChosenLayers } from './channels/layers.ts';
import type { GroupedLayer } from './groups.ts';
import { cutTensor, zeroGroups, type GroupCut, type Keep } from './shrink/cut.ts';
import { fitShapes, type Trial } from './shrink/fitShapes.ts';
import { removeLayer } from './shrink/removeLayer.ts';

export interface ShrunkLayer extends Pick<GroupedLayer, 'name' | 'kind' | 'groups'> {
  /** Number of remaining groups. 0 only if the layer was removed, with its operators. */
  readonly kept: number;
  /** Whether one group of zeros stayed, because the graph needs at least one. */
  readonly held: boolean;
}

export interface Shrunk {
  readonly file: ModelFile;
  readonly layers: readonly ShrunkLayer[];
  /** The parts removed from the remaining stored tensors, so that moments and masks can be cut alike (cutTensor). */
  readonly cuts: ReadonlyMap<string, readonly GroupCut[]>;
  /** Stored tensors that were removed. */
  readonly removed: ReadonlySet<string>;
}

export interface ShrinkOptions {
  /** Whether the layers are those of findLayers with overlap: it finds more, under other names. */
  readonly overlap?: boolean;
  /** Stored tensors in training: their zeros in the file do not count as dead. */
  readonly varying?: ReadonlySet<string>;
}

/**
 * @param file whose parameters are initializers of their own (exposeParameters).
 * @param gated as for findLayers.
 * @param keep a mask for each grouped layer that is to shrink, by its name; as long as it has groups.
 * @returns the same model where masks keep all. External data is still read from the file's folder.
 * @throws Error naming a node if the new shapes would not hold for inputs of any size.
 */
export function shrinkModel(
  file: ModelFile,
  gated: ReadonlySet<string>,
  keep: ReadonlyMap<string, Keep>,
  { overlap = false, varying }: ShrinkOptions = {},
): Shrunk {
  const { model } = file;
  const found = findLayers(model, gated, overlap);
  const plan = planLayers(model, found, keep);
  if (plan.layers.every(({ keep: mask }) => countKept(mask) === mask.length)) {
    return { file, layers: plan.layers.map(describeLayer), cuts: new Map(), removed: new Set() };
  }
  const tensors = cutTensors(model, plan);
  const trials = found.followed.map((followed, i): Trial => {
    const cut = { ...model, graph: { ...model.graph, initializers: tensors.initializers } };
    return { before: followed.trace, wanted: wantedShapes(found, plan, i), now: new Trace(cut, followed.sizes) };
  });
  // A cut value of a Constant node becomes an initializer.
  const nodes = plan.nodes.filter(
    ({ opType, outputs }) => opType !== 'Constant' || !tensors.changed.has(outputs[0] ?? ''),
  );
  const traced = traceNodes({ ...model.graph, nodes });
  const fitted = fitShapes(nodes, traced, trials, plan.broadcasting, new Set(namesIn(model.graph)));
  const read = withoutUnread(
    fitted.nodes,
    model.graph.outputs.map(({ name }) => name),
  );
  const shrunk = simplify(rewriteFile(file, read, new Map([...tensors.changed, ...fitted.constants])), varying);
  const left = shrunk.model.graph.initializers;
  return {
    file: shrunk,
    layers: plan.layers.map(describeLayer),
    cuts: new Map([...tensors.cuts].filter(([name]) => left.has(name))),
    removed: new Set([...model.graph.initializers.keys()].filter((name) => !left.has(name))),
  };
}

interface PlannedLayer {
  readonly chosen: ChosenLayer;
  /** The groups that stay; none if the layer is removed. */
  readonly keep: Keep;
  readonly held: boolean;
}

interface Plan {
  readonly layers: readonly PlannedLayer[];
  readonly nodes: readonly Node[];
  readonly broadcasting: ReadonlySet<string>;
}

/** The groups that stay, and the nodes without the layers that are removed completely. */
function planLayers(model: Model, { layers, followed }: ChosenLayers, keep: ReadonlyMap<string, Keep>): Plan {
  const dimsOf = (name: string): readonly number[] | undefined => followed[0]?.trace.value(name)?.dims;
  let { nodes } = model.graph;
  const broadcasting = new Set<string>();
  const planned = layers.map((chosen): PlannedLayer => {
    const { layer, others, sinks } = chosen;
    const mask = keep.get(layer.name) ?? new Uint8Array(layer.groups).fill(1);
    if (mask.length !== layer.groups) {
      throw new Error(`the mask of "${layer.name}" is for ${mask.length} groups, but it has ${layer.groups}`);
    }
    if (countKept(mask) > 0) return { chosen, keep: mask, held: false };
    const tensors = new Set([...layer.slices, ...others].map(({ initializer }) => initializer));
    const removal = removeLayer(
      model.graph,
      nodes,
      new Set(sinks.map(({ outputs }) => outputs[0] ?? '')),
      tensors,
      dimsOf,
    );
    if (!removal)
      return { chosen, keep: Uint8Array.from({ length: layer.groups }, (_, i) => (i === 0 ? 1 : 0)), held: true };
    nodes = removal.nodes;
    for (const name of removal.broadcasting) broadcasting.add(name);
    return { chosen, keep: mask, held: false };
  });
  return { layers: planned, nodes, broadcasting };
}

function describeLayer({ chosen: { layer }, keep, held }: PlannedLayer): ShrunkLayer {
  const { name, kind, groups } = layer;
  return { name, kind, groups, kept: countKept(keep), held };
}

/** The stored tensors with their remaining elements. */
function cutTensors(model: Model, plan: Plan) {
  const stored = storedTensors(model.graph);
  const cuts = new Map<string, GroupCut[]>();
  const zeros = new Map<string, GroupCut[]>();
  for (const { chosen, keep, held } of plan.layers) {
    if (countKept(keep) === keep.length || countKept(keep) === 0) continue;
    for (const slice of [...chosen.layer.slices, ...chosen.others]) append(cuts, slice.initializer, { slice, keep });
    if (!held) continue;
    for (const slice of chosen.layer.slices)
      append(zeros, slice.initializer, { slice, keep: new Uint8Array(keep.length) });
  }
  const changed = new Map<string, Tensor>();
  for (const [name, own] of cuts) {
    const tensor = stored.get(name);
    const nothing = zeros.get(name);
    if (tensor) changed.set(name, cutTensor(nothing ? zeroGroups(tensor, nothing) : tensor, own));
  }
  return { changed, cuts, initializers: new Map([...model.graph.initializers, ...changed]) };
}

/** The shape of every value of the model after the groups were removed. */
function wantedShapes({ layers, followed }: ChosenLayers, plan: Plan, trace: number): Trial['wanted'] {
  const kept = new Map(layers.map(({ factors }, i) => [factors[trace], countKept(plan.layers[i]?.keep ?? [])]));
  const { layouts, axes } = followed[trace] ?? {};
  return (name) =>
    layouts
      ?.get(name)
      ?.map(
        (axis) => axes?.factors(axis).reduce((product, factor) => product * (kept.get(factor) ?? factor.size), 1) ?? 1,
      );
}

function countKept(keep: Keep): number {
  let count = 0;
  for (let group = 0; group < keep.length; group++) if (keep[group]) count += 1;
  return count;
}
