/** Gates by group in the training graph: what a layer's groups pull at its threshold is collected from all tensors that they cut. */

import type { Builder } from '../../onnx/graph/builder.ts';
import { float, int } from '../../onnx/graph/graph.ts';
import { sizeOf } from '../../onnx/graph/tensor.ts';
import type { Value } from '../../onnx/graph/value.ts';
import {
  closeGroups,
  groupGradients,
  groupScores,
  spread,
  sumsOfGroups,
  type GroupedAxis,
  type GroupGate,
} from '../../prune/groupGates.ts';
import { partOf } from '../../prune/groupMasks.ts';
import { inGateOrder, type ClosedGates, type GatedWeight } from './learnedGates.ts';

/** A weight as its own gate lets it through, if it has one. */
export interface OpenWeight {
  readonly weight: GatedWeight;
  /** In the model's shape. */
  readonly used: Value;
  /** Scalar; undefined without a gate of its own. */
  readonly kept: Value | undefined;
}

/** Scalars. */
export interface GroupNumbers extends Omit<GroupGate, 'scores'> {
  readonly base: Value;
}

export interface WeightGradient {
  readonly weight: Value;
  /** Scalar: the sum of its squares. */
  readonly squares: Value;
}

interface Layer extends GroupGate {
  /** [groups] */
  readonly mask: Value;
  /** Gated weights in one group. */
  readonly size: number;
}

export class GroupedGates {
  readonly closed: ClosedGates;
  private readonly b: Builder;
  private readonly tau: number;
  private readonly weights: readonly OpenWeight[];
  private readonly layers: ReadonlyMap<number, Layer>;
  /** The factors of `groupGradients`, by gated layer. */
  private readonly factors = new Map<number, Value>();
  /** By initializer: 1 where the weight's own gate lets it through. */
  private readonly passed = new Map<string, Value>();

  /** @param numbersOf a layer's threshold, its unit, and what scores are counted from. */
  constructor(b: Builder, tau: number, weights: readonly OpenWeight[], numbersOf: (gate: number) => GroupNumbers) {
    this.b = b;
    this.tau = tau;
    this.weights = weights;
    this.layers = closeLayers(b, weights, numbersOf);
    this.closed = this.close();
  }

  /** The thresholds' gradients by gated layer. @param gradients of the weights that were used, by initializer */
  gather(gradients: ReadonlyMap<string, Value>, pressure: Value): ReadonlyMap<number, Value> {
    const { b } = this;
    const pulls = new Map<number, Value>();
    const add = (gate: number, pull: Value): void => {
      const before = pulls.get(gate);
      pulls.set(gate, before ? b.op('Add', [before, pull]) : pull);
    };
    for (const open of this.weights) {
      const { initializer, dims, groups } = open.weight;
      for (const cut of groups) {
        if (cut.reads) {
          const gradient = b.op('Reshape', [required(gradients.get(initializer)), b.ints(dims)]);
          add(cut.gate, sumsOfGroups(b, b.op('Mul', [gradient, open.used]), cut));
        }
        add(cut.gate, b.op('Mul', [pressure, this.counted(open, cut)]));
      }
    }
    const thresholds = new Map<number, Value>();
    for (const [gate, layer] of this.layers) {
      const found = groupGradients(b, layer, required(pulls.get(gate)), this.tau, layer.size);
      this.factors.set(gate, found.factors);
      thresholds.set(gate, found.threshold);
    }
    return thresholds;
  }

  /** In the shape of element-wise work: 1 where the weight's groups live, else 0; undefined if it has none. */
  alive({ dims, flat, groups }: GatedWeight): Value | undefined {
    const mask = this.living(dims, groups);
    return mask && this.reshape(this.b.op('Expand', [mask, this.b.ints(dims)]), flat.dims);
  }

  /** From the gradient of what was used of a weight without a gate of its own to that of the weight, but for its scores. */
  through({ dims, flat, groups }: GatedWeight, gradient: Value): Value {
    const mask = this.living(dims, groups.filter(isRead));
    return mask ? this.reshape(this.b.op('Mul', [this.reshape(gradient, dims), mask]), flat.dims) : gradient;
  }

  /** Adds to a weight's gradient, in the shape of element-wise work, what it gets through the scores of its groups. */
  throughScores({ dims, flat, groups, whole }: GatedWeight, gradient: Value): WeightGradient {
    const { b } = this;
    const cuts = this.valuesOf(groups, (gate) => this.factors.get(gate));
    const factor = spread(b, dims, cuts, 0);
    const weight = factor ? b.op('Add', [gradient, this.reshape(b.op('Mul', [whole, factor]), flat.dims)]) : gradient;
    return { weight, squares: b.op('ReduceSumSquare', [weight], { keepdims: int(0) }) };
  }

  /** For how many updates in a row each group has been dead, by gated layer: what it was and what it becomes, [groups]. */
  rests(before: (gate: number, groups: number) => Value): { readonly before: Value; readonly next: Value }[] {
    const { b } = this;
    return Array.from(this.layers, ([gate, { mask }]) => {
      const dead = before(gate, sizeOf(mask.dims));
      const next = b.op('Mul', [b.op('Add', [dead, b.scalar(1)]), b.op('Sub', [b.scalar(1), mask])]);
      return { before: dead, next };
    });
  }

  private close(): ClosedGates {
    const { b } = this;
    const used = new Map<string, Value>();
    const kept: Value[] = [];
    const counts: Value[] = [];
    for (const [gate, { mask }] of this.layers) counts[gate] = b.op('ReduceSum', [mask], { keepdims: int(0) });
    for (const open of this.weights) {
      const { initializer, gate, dims, groups } = open.weight;
      const mask = this.living(dims, groups.filter(isRead));
      used.set(initializer, mask ? b.op('Mul', [open.used, mask]) : open.used);
      const count = this.keptOf(open);
      kept.push(count);
      if (gate !== undefined) counts[gate] = count;
    }
    const layers = counts.map((values, gate) => ({ gates: [gate], values }));
    return { used, kept, layers: inGateOrder(b, layers) };
  }

  /** Scalar: how many weights of a tensor are let through. */
  private keptOf(open: OpenWeight): Value {
    const { b } = this;
    const { dims, groups } = open.weight;
    const mask = this.living(dims, groups);
    if (!mask) return required(open.kept);
    const passed = this.passedBy(open);
    if (passed) return b.op('ReduceSum', [b.op('Mul', [passed, mask])], { keepdims: int(0) });
    const each = b.scalar(sizeOf(dims) / sizeOf(mask.dims));
    return b.op('Mul', [b.op('ReduceSum', [mask], { keepdims: int(0) }), each]);
  }

  /** How many weights of a tensor each group has, without those that their own gate shuts out: [groups], or a scalar for all alike. */
  private counted(open: OpenWeight, cut: GroupedAxis): Value {
    const passed = this.passedBy(open);
    return passed ? sumsOfGroups(this.b, passed, cut) : this.b.scalar(partOf(open.weight.dims, cut));
  }

  private passedBy({ weight: { initializer }, used, kept }: OpenWeight): Value | undefined {
    if (!kept) return undefined;
    const { b, passed } = this;
    const held = passed.get(initializer);
    if (held) return held;
    const made = b.op('HardSigmoid', [b.op('Abs', [used])], { alpha: float(1e30), beta: float(0) });
    passed.set(initializer, made);
    return made;
  }

  /** 1 where the groups of some cuts live, in a shape that stretches over the tensor; undefined without any. */
  private living(dims: readonly number[], cuts: readonly GroupedAxis[]): Value | undefined {
    return spread(
      this.b,
      dims,
      this.valuesOf(cuts, (gate) => this.layers.get(gate)?.mask),
      1,
    );
  }

  private valuesOf(cuts: readonly GroupedAxis[], of: (gate: number) => Value | undefined) {
    return cuts.map((cut) => ({ cut, values: required(of(cut.gate)) }));
  }

  private reshape(value: Value, dims: readonly number[]): Value {
    return this.b.op('Reshape', [value, this.b.ints(dims)]);
  }
}

/** Scores and masks of the grouped layers, by gated layer. */
function closeLayers(
  b: Builder,
  weights: readonly OpenWeight[],
  numbersOf: (gate: number) => GroupNumbers,
): Map<number, Layer> {
  const parts = new Map<number, { weight: Value; cut: GroupedAxis }[]>();
  for (const { weight } of weights) {
    for (const cut of weight.groups) {
      parts.set(cut.gate, [...(parts.get(cut.gate) ?? []), { weight: weight.whole, cut }]);
    }
  }
  return new Map(
    Array.from(parts, ([gate, own]) => {
      const size = own.reduce((sum, { weight, cut }) => sum + partOf(weight.dims, cut), 0);
      const { base, ...numbers } = numbersOf(gate);
      const scored = { scores: groupScores(b, own, size, base), ...numbers };
      return [gate, { ...scored, mask: closeGroups(b, scored), size }];
    }),
  );
}

const isRead = ({ reads }: GroupedAxis): boolean => reads;

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a group of weights has no gate or no gradient');
  return value;
}
