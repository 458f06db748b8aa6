/** Gates that learn, as the training graph needs them: between the weights and the model, forward and backward. */

import type { Builder } from '../../onnx/graph/builder.ts';
import { int } from '../../onnx/graph/graph.ts';
import type { Value } from '../../onnx/graph/value.ts';
import type { GroupedAxis } from '../../prune/groupGates.ts';
import type { AdamScalars, AdamSettings } from '../adamw.ts';

/** A weight with a gate of its own, or with groups that a gate decides about, or both; or a stack of weights with gates of their own. */
export interface GatedWeight {
  /** A stack's first. */
  readonly initializer: string;
  /** The gated layer whose threshold decides about its single weights, by its index among the gated ones; a stack's first. */
  readonly gate: number | undefined;
  /** The weights of a stack, two at least; undefined for a single weight. */
  readonly stack: readonly { readonly initializer: string; readonly gate: number }[] | undefined;
  /** Its gated parts. */
  readonly groups: readonly GroupedAxis[];
  /** The shape of one weight in the model. */
  readonly dims: readonly number[];
  /** The axis of the layer's output features. */
  readonly channelAxis: number;
  /** In the shape of element-wise work. */
  readonly flat: Value;
  /** In the model's shape, unless its gate works on tiles. */
  readonly whole: Value;
}

export interface ClosedGates {
  /** What the model computes with, in the model's shape, by initializer. */
  readonly used: ReadonlyMap<string, Value>;
  /** Scalars, or vectors of stacks: how many weights of each gated tensor are let through. */
  readonly kept: readonly Value[];
  /** [gated layers]: how many of each layer's weights, or of its groups, are let through. */
  readonly layers: Value;
}

/** Numbers of gated layers: a scalar for one, a vector for several. */
export interface GateNumbers {
  readonly gates: readonly number[];
  readonly values: Value;
}

/** All numbers as one vector, [gated layers], by the layers' indices. */
export function inGateOrder(b: Builder, parts: readonly GateNumbers[]): Value {
  const all = b.op(
    'Concat',
    parts.map(({ values }) => b.op('Reshape', [values, b.ints([-1])])),
    { axis: int(0) },
  );
  const order = parts.flatMap(({ gates }) => gates);
  if (order.every((gate, i) => gate === i)) return all;
  return b.op('Gather', [all, b.ints(order.map((_, gate) => order.indexOf(gate)))], { axis: int(0) });
}

export interface LearnedGates {
  readonly close: (weights: readonly GatedWeight[]) => ClosedGates;
  /**
   * Looks at all gradients together, where that is needed before they go through one by one.
   * @param gradients by initializer, as `through` gets them
   */
  readonly gather?: (gradients: ReadonlyMap<string, Value>, pressure: Value) => void;
  /**
   * From the gradient of the weight that was used to that of the weight itself, and the sum of its squares.
   * @param gradient in the shape of element-wise work, as the result
   * @param pressure scalar: the sparsity term's gradient for one weight that is let through
   */
  readonly through: (
    weight: GatedWeight,
    gradient: Value,
    pressure: Value,
  ) => { readonly weight: Value; readonly squares: Value };
  /** Learns, once all gradients have gone through. */
  readonly update: () => void;
}

/** What gates use of the graph they are part of. */
export interface GateContext {
  readonly b: Builder;
  /** How many layers are gated. */
  readonly layers: number;
  readonly tau: number;
  readonly optimizer: AdamSettings;
  /** An input for a tensor of the state. */
  readonly state: (name: string, dims: readonly number[]) => Value;
  /** What the state becomes. */
  readonly carry: (input: Value, next: Value) => void;
  readonly adamScalars: (group: string) => AdamScalars;
}
