/** Chooses the groups of channels that are gated, and gives the reason for every other gated matrix. */

import { uniqueName } from '../../onnx/graph/uniqueName.ts';
import { append } from '../../base/append.ts';
import type { Model, Node } from '../../onnx/graph/graph.ts';
import { moduleOf } from '../../onnx/graph/names.ts';
import { sizeOf } from '../../onnx/graph/tensor.ts';
import type { TraceSizes } from '../../onnx/infer/trace.ts';
import type { GroupedLayer, Grouping, GroupSlice } from '../groups.ts';
import type { Axis, Factor } from './axes.ts';
import { followChannels, storedTensors, type FollowedModel } from './follow.ts';

/**
 * Sizes that no model has for its channels, so that axes are not mistaken for each other: primes, like the 157 and 191 frames that these lengths
 * give with the usual stride of 320. With so many frames, masks are too large to be computed while tracing. A result that holds for both sizes
 * is taken to hold for any.
 */
const traceSizes: readonly TraceSizes[] = [
  { batch: 3, length: 50423 },
  { batch: 5, length: 61331 },
];

/** A grouped layer and its channels. */
export interface ChosenLayer {
  readonly layer: GroupedLayer;
  /** Its channels in each trace. */
  readonly factors: readonly Factor[];
  /** Stored tensors that have elements for each group but are not masked, such as divisors. Shrinking cuts them too. */
  readonly others: readonly GroupSlice[];
  /** The gated matrices whose products sum over the groups: the rest of the model sees the groups only through these products. */
  readonly summed: ReadonlySet<string>;
  /** The products of those matrices. */
  readonly sinks: readonly Node[];
}

export interface ChosenLayers extends Pick<Grouping, 'notGated'> {
  readonly layers: readonly ChosenLayer[];
  /** The traces of the model with each of a few sizes. */
  readonly followed: readonly FollowedModel[];
}

/**
 * The grouped layers in the order of the graph. A group may be removed from the model when its gated weights and biases are zero: nothing else
 * reads its channels.
 * @param model whose parameters are initializers of their own (exposeParameters).
 * @param gated initializers of the matrices that would be gated weight by weight.
 * @param overlap whether a matrix may belong to one layer with its rows and to another with its columns. For gates it may not: each weight
 *   counts once.
 */
export function findLayers(model: Model, gated: ReadonlySet<string>, overlap = false): ChosenLayers {
  const found = traceSizes.map((sizes) => new Chooser(model, gated, followChannels(model, sizes)).choose(overlap));
  const [first, ...others] = found;
  if (!first) return { layers: [], notGated: [], followed: [] };
  const left = [...first.notGated];
  const layers = first.layers.flatMap((chosen): ChosenLayer[] => {
    const text = JSON.stringify(chosen.layer);
    const again = others.map(({ layers: same }) => same.find(({ layer }) => JSON.stringify(layer) === text));
    const factors = again.flatMap((other) => other?.factors ?? []);
    if (factors.length === others.length) return [{ ...chosen, factors: [...chosen.factors, ...factors] }];
    const matrices = new Set(chosen.layer.slices.filter((slice) => slice.gated).map(({ initializer }) => initializer));
    const reason = 'Its channels are not the same for audio of any length.';
    left.push(...Array.from(matrices, (initializer) => ({ initializer, reason })));
    return [];
  });
  return { layers, notGated: left, followed: found.flatMap(({ followed }) => followed) };
}

/** The place of a factor in a stored tensor. */
interface AxisPlace {
  readonly tensor: string;
  readonly axis: number;
  /** The product of the factors outside it. */
  readonly outer: number;
  /** The product of the factors inside it. */
  readonly inner: number;
  readonly size: number;
}

interface Candidate {
  readonly factor: Factor;
  /** In the order of the nodes that read them. */
  readonly places: AxisPlace[];
  /** Number of gated weights in its groups. */
  readonly weights: number;
  /** Number of elements that the model computes with its channels. */
  readonly activations: number;
}

class Chooser {
  private readonly model: Model;
  private readonly gated: ReadonlySet<string>;
  private readonly followed: FollowedModel;
  private readonly dims: ReadonlyMap<string, readonly number[]>;
  /** The products that read each stored matrix. */
  private readonly products = new Map<string, Node[]>();
  private readonly summed = new Map<string, Set<Factor>>();
  private readonly readers = new Map<string, Node[]>();
  /** Reasons found during the choice. */
  private readonly refused = new Map<Factor, string>();

  constructor(model: Model, gated: ReadonlySet<string>, followed: FollowedModel) {
    this.model = model;
    this.gated = gated;
    this.followed = followed;
    this.dims = new Map(Array.from(storedTensors(model.graph), ([name, { dims }]) => [name, dims]));
    for (const node of model.graph.nodes) for (const name of node.inputs) append(this.readers, name, node);
    for (const { tensor, node } of followed.contractions) append(this.products, tensor, node);
    for (const { tensor, axis } of followed.contractions) {
      const factors = this.summed.get(tensor) ?? new Set();
      for (const factor of followed.axes.factors(axis)) factors.add(factor);
      this.summed.set(tensor, factors);
    }
    this.keepWholeMatrices();
  }

  /**
   * Of channels that share a matrix, those with more activations are chosen. In a chain of convolutions that pairs the first two, whose rows
   * are the longest: what is computed element by element there, a normalization and an activation, takes as long as many products.
   */
  choose(overlap: boolean): ChosenLayers {
    const places = this.places();
    const activations = this.activations();
    const candidates = Array.from(places, ([factor, at]) => this.candidate(factor, at, activations.get(factor) ?? 0))
      .filter((candidate) => candidate !== undefined)
      .sort((a, b) => b.activations - a.activations || b.weights - a.weights || a.places.length - b.places.length);
    const taken = new Set<string>();
    const chosen: Candidate[] = [];
    for (const candidate of candidates) {
      const matrices = candidate.places.filter(({ tensor }) => this.gated.has(tensor));
      const claims = matrices.map(({ tensor, axis }) => (overlap ? JSON.stringify([tensor, axis]) : tensor));
      if (claims.some((claim) => taken.has(claim))) {
        this.refused.set(candidate.factor, 'share a matrix with channels that are grouped already');
        continue;
      }
      for (const claim of claims) taken.add(claim);
      chosen.push(candidate);
    }
    const order = new Map(this.model.graph.nodes.map((node, i) => [node, i]));
    const firstRead = (tensor: string): number =>
      Math.min(...(this.readers.get(tensor) ?? []).map((node) => order.get(node) ?? 0));
    for (const { places: at } of chosen) at.sort((a, b) => firstRead(a.tensor) - firstRead(b.tensor));
    chosen.sort((a, b) => firstRead(a.places[0]?.tensor ?? '') - firstRead(b.places[0]?.tensor ?? ''));
    const names = new Set<string>();
    const layers = chosen.map((candidate) => this.layer(candidate, names));
    const grouped = new Set(chosen.flatMap((candidate) => candidate.places.map(({ tensor }) => tensor)));
    const left = [...this.gated].flatMap((matrix) =>
      grouped.has(matrix) ? [] : [{ initializer: matrix, reason: this.reasonFor(matrix) }],
    );
    return { layers, notGated: left, followed: [this.followed] };
  }

  /** Channels next to a matrix that is not gated, or that is read twice, may not change. */
  private keepWholeMatrices(): void {
    const { axes, layouts } = this.followed;
    for (const [matrix, nodes] of this.products) {
      const layout = layouts.get(matrix) ?? [];
      const reason = !this.gated.has(matrix)
        ? `belong to "${matrix}", too, which is not gated`
        : nodes.length > 1 || this.readers.get(matrix)?.length !== 1
          ? `belong to "${matrix}", which is read in several places`
          : undefined;
      if (reason !== undefined) for (const axis of layout) axes.keep(axis, reason);
    }
  }

  private places(): Map<Factor, AxisPlace[]> {
    const { axes, layouts } = this.followed;
    const found = new Map<Factor, AxisPlace[]>();
    for (const tensor of this.dims.keys()) {
      layouts.get(tensor)?.forEach((held: Axis, axis) => {
        const factors = axes.factors(held);
        factors.forEach((factor, i) => {
          const outer = productOf(factors.slice(0, i));
          const inner = productOf(factors.slice(i + 1));
          append(found, factor, { tensor, axis, outer, inner, size: factor.size });
        });
      });
    }
    return found;
  }

  /** The elements of all values that nodes compute, by the factors of their axes. Kernels that are computed from weights are small beside audio. */
  private activations(): Map<Factor, number> {
    const { axes, layouts } = this.followed;
    const found = new Map<Factor, number>();
    for (const [name, layout] of layouts) {
      if (this.dims.has(name)) continue;
      const factors = layout.flatMap((axis) => axes.factors(axis));
      const elements = productOf(factors);
      for (const factor of new Set(factors)) found.set(factor, (found.get(factor) ?? 0) + elements);
    }
    return found;
  }

  private candidate(factor: Factor, places: AxisPlace[], activations: number): Candidate | undefined {
    if (this.followed.axes.reason(factor) !== undefined) return undefined;
    const matrices = places.filter(({ tensor }) => this.gated.has(tensor));
    const isSum = ({ tensor }: AxisPlace): boolean => this.summed.get(tensor)?.has(factor) ?? false;
    if (!matrices.some(isSum) || matrices.every(isSum)) return undefined;
    if (new Set(places.map(({ tensor }) => tensor)).size < places.length) {
      this.refused.set(factor, 'run from a matrix into itself');
      return undefined;
    }
    const sinks = matrices.filter(isSum).flatMap(({ tensor }) => this.products.get(tensor) ?? []);
    const sources = matrices.filter((place) => !isSum(place)).flatMap(({ tensor }) => this.products.get(tensor) ?? []);
    const behind = this.downstream(sinks);
    if (sources.some((node) => behind.has(node))) {
      this.refused.set(factor, 'are shared by layers that follow one another');
      return undefined;
    }
    const weights = matrices.reduce((sum, { tensor }) => sum + sizeOf(this.dims.get(tensor) ?? []), 0);
    return { factor, places, weights, activations };
  }

  private downstream(nodes: readonly Node[]): Set<Node> {
    const found = new Set<Node>();
    const waiting = [...nodes];
    for (let node = waiting.pop(); node; node = waiting.pop()) {
      for (const reader of node.outputs.flatMap((name) => this.readers.get(name) ?? [])) {
        if (found.has(reader)) continue;
        found.add(reader);
        waiting.push(reader);
      }
    }
    return found;
  }

  private layer({ factor, places }: Candidate, names: Set<string>): ChosenLayer {
    const masked: GroupSlice[] = [];
    const others: GroupSlice[] = [];
    for (const { tensor, axis, outer, inner, size } of places) {
      const gated = this.gated.has(tensor);
      const into = gated || this.isBiasOrScale(tensor) ? masked : others;
      for (let i = 0; i < outer; i++)
        into.push({ initializer: tensor, axis, start: i * size * inner, length: inner, gated });
    }
    const matrices = [...new Set(masked.filter(({ gated }) => gated).map(({ initializer }) => initializer))];
    const nodes = matrices.flatMap((matrix) => this.products.get(matrix) ?? []);
    const name = uniqueName(commonScope(nodes) ?? matrices[0] ?? '', names);
    const kind = masked.some(({ length }) => length > 1) ? 'heads' : 'units';
    const summed = new Set(matrices.filter((matrix) => this.summed.get(matrix)?.has(factor)));
    const sinks = [...summed].flatMap((matrix) => this.products.get(matrix) ?? []);
    return { layer: { name, kind, groups: factor.size, slices: masked }, factors: [factor], others, summed, sinks };
  }

  /** Whether a tensor is only ever added or multiplied with, so that with zeros in it channels of zeros stay zeros. */
  private isBiasOrScale(tensor: string): boolean {
    const readers = this.readers.get(tensor) ?? [];
    return (
      readers.length > 0 &&
      readers.every(
        ({ opType, inputs }) =>
          opType === 'Add' ||
          opType === 'Mul' ||
          (opType === 'InstanceNormalization' && inputs[0] !== tensor) ||
          (opType === 'BiasGelu' && inputs[1] === tensor) ||
          (biased.has(opType) && inputs[2] === tensor),
      )
    );
  }

  private reasonFor(matrix: string): string {
    const { axes, layouts } = this.followed;
    const summed = this.summed.get(matrix);
    if (!summed) return 'It is not read by a matrix product that Pinch can follow.';
    const sides = (layouts.get(matrix) ?? []).map((axis) => axes.factors(axis));
    const side = (isInput: boolean): string => {
      const factors = sides.filter((held) => held.some((factor) => summed.has(factor)) === isInput).flat();
      const reasons = factors.flatMap((factor) => axes.reason(factor) ?? this.refused.get(factor) ?? []);
      return reasons[0] ?? 'lead to no other gated matrix';
    };
    return `Its input channels ${side(true)}, and its output channels ${side(false)}.`;
  }
}

/** Products that add their third input. */
const biased: ReadonlySet<string> = new Set(['Gemm', 'Conv', 'FusedGemm', 'FusedConv']);

/** The module path that all nodes share; undefined if the exporter did not record it. */
function commonScope(nodes: readonly Node[]): string | undefined {
  const paths = nodes.map((node) => moduleOf(node)?.split('.'));
  const [first] = paths;
  if (!first || paths.some((path) => !path)) return undefined;
  const differs = first.findIndex((part, i) => paths.some((path) => path?.[i] !== part));
  const scope = (differs < 0 ? first : first.slice(0, differs)).join('.');
  return scope === '' ? undefined : scope;
}

const productOf = (factors: readonly Factor[]): number => factors.reduce((product, { size }) => product * size, 1);
