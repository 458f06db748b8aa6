/** Which of a model's parameters a run trains, and which of them it gates: by themselves, in groups, or both. */

import { count, counted } from '../base/format.ts';
import type { Model } from '../onnx/graph/graph.ts';
import type { Parameter } from '../onnx/model/parameters.ts';
import { sizeOf } from '../onnx/graph/tensor.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { findLayers } from '../prune/channels/layers.ts';
import { chooseGates, type GateChoice } from '../prune/chooseGates.ts';
import type { GroupedAxis } from '../prune/groupGates.ts';
import { partOf } from '../prune/groupMasks.ts';
import type { GroupedLayer } from '../prune/groups.ts';
import { layerPattern } from '../prune/layerPattern.ts';

export interface LayerChoice extends GateChoice {
  readonly trained: boolean;
  /** The gated layer whose single weights these are, by its index. */
  readonly gate?: number;
  /** The parts of it that belong to groups of gated layers. */
  readonly groups?: readonly GroupedAxis[];
}

/** A layer with a threshold. */
export interface GatedLayer {
  readonly name: string;
  /** What its gate decides about: so many weights, or groups of them. */
  readonly size: number;
  /** Gated weights. */
  readonly parameters: number;
  /** The shape of its matrix; for groups [groups, gated weights of each]. */
  readonly shape: readonly number[];
  /** A few words for a table. */
  readonly reason: string;
}

export interface LayerChoices {
  /** One for each parameter, in their order. */
  readonly choices: readonly LayerChoice[];
  /** The gated layers: grouped ones first. */
  readonly layers: readonly GatedLayer[];
  /** The grouped ones. */
  readonly grouped: readonly GroupedLayer[];
  /** Initializers of the matrices among which these were looked for. */
  readonly matrices: ReadonlySet<string>;
}

type ChoiceSettings = Pick<RunSettings, 'gates' | 'freeze' | 'method' | 'granularity'>;

/**
 * What is not trained has no gate either.
 * @param model that has the parameters as initializers of their own (exposeParameters)
 * @param smallestSide as for chooseGates
 * @throws Error naming a pattern that fits no layer, or that is no pattern.
 */
export function chooseLayers(
  model: Model,
  parameters: readonly Parameter[],
  settings: ChoiceSettings,
  smallestSide?: number,
): LayerChoices {
  const chosen = chooseMatrices(parameters, settings, smallestSide);
  const gated = chosen.filter((choice) => choice.gated);
  const matrices = new Set(gated.map(({ parameter }) => parameter.initializer));
  if (settings.granularity === 'weight') return { ...withGates(chosen, [], true), matrices };
  const { layers: found, notGated: left } = findLayers(model, matrices);
  const known = new Set(parameters.map(({ initializer }) => initializer));
  // What is trained but neither added to channels nor multiplied with them could not be masked with them.
  const layers = found.filter(({ others }) => !others.some(({ initializer }) => known.has(initializer)));
  const grouped = new Set(layers.flatMap(({ layer }) => layer.slices.map(({ initializer }) => initializer)));
  const reasons = new Map(left.map(({ initializer, reason }) => [initializer, reason]));
  const own = settings.granularity === 'neuron+weight';
  const named = chosen.map((choice) => {
    const { initializer } = choice.parameter;
    if (own || !choice.gated || grouped.has(initializer)) return choice;
    const reason =
      reasons.get(initializer) ?? 'Its channels meet weights that are trained and that zeros would change.';
    return { ...choice, gated: false, reason: `not grouped: ${reason}` };
  });
  const all = layers.map(({ layer }) => layer);
  return { ...withGates(named, all, own), matrices };
}

/** Matrices that are gated, whatever the granularity. */
function chooseMatrices(
  parameters: readonly Parameter[],
  { gates, freeze, method }: ChoiceSettings,
  smallestSide: number | undefined,
): (GateChoice & { readonly trained: boolean })[] {
  const frozen = freeze.map((pattern) => ({ pattern, fits: layerPattern(pattern) }));
  return chooseGates(parameters, gates, smallestSide).map((choice) => {
    const found = frozen.find(({ fits }) => fits(choice.parameter.name));
    if (found) return { ...choice, trained: false, gated: false, reason: `not trained: ${found.pattern}` };
    if (method === 'none') return { ...choice, trained: true, gated: false, reason: 'no gates' };
    return { ...choice, trained: true };
  });
}

/** @param alone whether gated matrices get gates of their own, in groups or not. */
function withGates(
  chosen: readonly (GateChoice & { readonly trained: boolean })[],
  grouped: readonly GroupedLayer[],
  alone: boolean,
): Omit<LayerChoices, 'matrices'> {
  const parts = partsOf(chosen, grouped);
  const layers = grouped.map((layer) => describeGroups(layer, chosen));
  const choices = chosen.map((choice): LayerChoice => {
    const { parameter, gated } = choice;
    const groups = parts.get(parameter.initializer);
    const own = gated && alone;
    if (own) {
      const size = sizeOf(parameter.dims);
      layers.push({ name: parameter.layer, size, parameters: size, shape: parameter.dims, reason: choice.reason });
    }
    return { ...choice, ...(own ? { gate: layers.length - 1 } : {}), ...(groups ? { groups } : {}) };
  });
  return { choices, layers, grouped };
}

/** By initializer. */
function partsOf(chosen: readonly GateChoice[], grouped: readonly GroupedLayer[]): Map<string, GroupedAxis[]> {
  const output = new Map(chosen.map(({ parameter }) => [parameter.initializer, parameter.transposed ? 1 : 0]));
  const parts = new Map<string, GroupedAxis[]>();
  for (const [gate, { groups, slices }] of grouped.entries()) {
    for (const { initializer, axis, start, length, gated } of slices) {
      const reads = gated && axis !== output.get(initializer);
      const part = { gate, groups, axis, start, length, gated, reads };
      parts.set(initializer, [...(parts.get(initializer) ?? []), part]);
    }
  }
  return parts;
}

function describeGroups({ name, kind, groups, slices }: GroupedLayer, chosen: readonly GateChoice[]): GatedLayer {
  const known = new Map(chosen.map(({ parameter }) => [parameter.initializer, parameter]));
  const parts = slices.filter(({ gated }) => gated);
  const each = parts.reduce((sum, cut) => sum + partOf(known.get(cut.initializer)?.dims ?? [], cut), 0);
  return {
    name: withoutPrefix(name, chosen),
    size: groups,
    parameters: groups * each,
    shape: [groups, each],
    reason: `${count(groups)} ${kind} of ${counted(each, 'weight')}`,
  };
}

/** Without what all modules start with, as other layers' names. */
function withoutPrefix(name: string, chosen: readonly GateChoice[]): string {
  for (const { parameter } of chosen) {
    const at = parameter.name.indexOf(parameter.layer);
    const prefix = parameter.name.slice(0, Math.max(0, at));
    if (prefix !== '' && name.startsWith(prefix)) return name.slice(prefix.length);
  }
  return name;
}
