/**
 * Gates by group (ours, with the formulas of gates.ts): one learnable threshold per layer decides which units or heads are kept. A group's score
 * is the mean square of its gated weights minus a base of its layer (`unitOf`). The group's mask M̄ multiplies its channels in front of the
 * matrices that read them: at 0, nothing of the group reaches the rest of the model, so all its weights and biases are effectively zero.
 * Masking only these matrices leaves a dead group the gradient that shows whether it is missed.
 */

import type { Builder } from '../onnx/graph/builder.ts';
import { int } from '../onnx/graph/graph.ts';
import type { Value } from '../onnx/graph/value.ts';
import { step } from './gates.ts';

/** The part of a tensor that the groups of one layer own, along one axis: group g has the indices start + g·length … start + (g+1)·length − 1 of `axis`. */
export interface GroupedAxis {
  /** The grouped layer, as an index of the gated layers. */
  readonly gate: number;
  readonly groups: number;
  readonly axis: number;
  readonly start: number;
  readonly length: number;
  /** Whether these weights count for the score and the sparsity. Biases and scales do not; they are only masked with their group. */
  readonly gated: boolean;
  /** Whether this matrix sums over the groups' channels; otherwise it produces them. */
  readonly reads: boolean;
}

/** An axis of a tensor from which groups were removed. */
export interface LeftOfAxis {
  /** Its size before. */
  readonly size: number;
  /** The former indices of the remaining elements. */
  readonly indices: Int32Array;
}

/** A layer's threshold and the scores that it decides about. */
export interface GroupGate {
  /** [groups] */
  readonly scores: Value;
  /** Scalar: the threshold in units of `rms`. */
  readonly threshold: Value;
  /** Scalar: the threshold's unit (`unitOf`). */
  readonly rms: Value;
}

export interface ScoreUnit {
  /** The zero point and unit of a layer's scores. */
  readonly base: number;
  /** The unit of its thresholds; its square is the mean score before training. */
  readonly rms: number;
}

/** Minimum spread: identical groups get a unit as if their smallest mean square were this fraction of the mean. */
const leastSpread = 0.99;

/**
 * The base and unit of a layer's scores (ours). The squares of single weights range from 0 to many times their mean, but the mean squares of groups
 * do not: in a wav2vec2 trained on digits, units have 0.4 to 2.5 times their mean, heads 0.9 to 1.1. With one learning rate, thresholds would
 * cross all heads in a few updates: on the sample model, sparsity overshot its target by 0.28 within four updates, and by 0.04 with a base. The
 * base is chosen such that the smallest score is at most half the mean score, and is never below 0.
 * @param meanSquares of a layer's groups, before training.
 */
export function unitOf(meanSquares: ArrayLike<number>): ScoreUnit {
  const all = Array.from(meanSquares);
  const mean = all.reduce((sum, square) => sum + square, 0) / all.length;
  const least = all.reduce((least, square) => Math.min(least, square), leastSpread * mean);
  const base = Math.max(0, 2 * least - mean);
  return { base, rms: Math.sqrt(mean - base) };
}

/**
 * The mean square of each group's gated weights minus the layer's base.
 * @param parts the groups' parts of tensors
 * @param size the number of gated weights in one group
 * @param base scalar
 * @returns [groups]
 */
export function groupScores(
  b: Builder,
  parts: readonly { readonly weight: Value; readonly cut: GroupedAxis }[],
  size: number,
  base: Value,
): Value {
  const sums = parts.map(({ weight, cut }) => sumsOfGroups(b, b.op('Mul', [weight, weight]), cut));
  const means = b.op('Mul', [sums.reduce((left, right) => b.op('Add', [left, right])), b.scalar(1 / size)]);
  return b.op('Sub', [means, base]);
}

/** The hard mask: 1 where a group's score ≥ t², else 0. @returns [groups] */
export function closeGroups(b: Builder, { scores, threshold, rms }: GroupGate): Value {
  const edge = b.op('Mul', [threshold, rms]);
  return step(b, b.op('Sub', [scores, b.op('Mul', [edge, edge])]));
}

export interface GroupGradients {
  /** [groups]: the loss's gradient through the score for each gated weight of the group, divided by that weight. */
  readonly factors: Value;
  /** Scalar: the loss's gradient for the threshold, in units of `rms`. */
  readonly threshold: Value;
}

/**
 * The straight-through gradient. With s the score of a group of n weights, M = sigmoid((s − t²) / (2τ)) its soft mask and A = dL/dM̄:
 *   dL/dw gains A · M (1 − M) · w / (nτ),   dL/dt = −(t/τ) Σ A · M (1 − M).
 * With th = tanh((s − t²) / (4τ)), 4 M (1 − M) = 1 − th².
 * @param pulls [groups]: A, including the sparsity term
 * @param tau in units of rms²
 * @param size n
 */
export function groupGradients(
  b: Builder,
  { scores, threshold, rms }: GroupGate,
  pulls: Value,
  tau: number,
  size: number,
): GroupGradients {
  const quarter = b.scalar(0.25 / tau);
  const scale = b.op('Div', [quarter, b.op('Mul', [rms, rms])]); // 1 / (4τ) in units of the score
  const edge = b.op('Mul', [b.op('Mul', [threshold, threshold]), quarter]);
  const soft = b.op('Tanh', [b.op('Sub', [b.op('Mul', [scores, scale]), edge])]);
  const slope = b.op('Sub', [b.scalar(1), b.op('Mul', [soft, soft])]);
  const pull = b.op('Mul', [pulls, slope]);
  const total = b.op('ReduceSum', [pull], { keepdims: int(0) });
  return {
    factors: b.op('Mul', [pull, b.op('Mul', [scale, b.scalar(1 / size)])]),
    threshold: b.op('Mul', [b.op('Mul', [threshold, b.op('Neg', [quarter])]), total]),
  };
}

/** The sum over each group's part of a tensor. @returns [groups] */
export function sumsOfGroups(b: Builder, tensor: Value, { axis, start, length, groups }: GroupedAxis): Value {
  const others = tensor.dims.flatMap((_, i) => (i === axis ? [] : [i]));
  const along = others.length === 0 ? tensor : b.op('ReduceSum', [tensor, b.ints(others)], { keepdims: int(0) });
  const end = start + groups * length;
  const own =
    start === 0 && end === along.dims[0] ? along : b.op('Slice', [along, b.ints([start]), b.ints([end]), b.ints([0])]);
  if (length === 1) return own;
  return b.op('ReduceSum', [b.op('Reshape', [own, b.ints([groups, length])]), b.ints([1])], { keepdims: int(0) });
}

/**
 * Numbers of groups spread along the axis of the parts, in a shape that broadcasts to the tensor; undefined without parts.
 * @param parts all along one axis, none overlapping
 * @param rest the number outside all groups
 */
export function spread(
  b: Builder,
  dims: readonly number[],
  parts: readonly { readonly values: Value; readonly cut: GroupedAxis }[],
  rest: number,
): Value | undefined {
  const axis = parts[0]?.cut.axis;
  if (axis === undefined) return undefined;
  const size = dims[axis] ?? 1;
  const pieces: Value[] = [];
  let at = 0;
  const fill = (to: number): void => {
    if (to > at) pieces.push(b.op('Expand', [b.scalar(rest), b.ints([to - at])]));
    at = to;
  };
  for (const { values, cut } of parts.toSorted((x, y) => x.cut.start - y.cut.start)) {
    fill(cut.start);
    pieces.push(alongAxis(b, values, cut));
    at = cut.start + cut.groups * cut.length;
  }
  fill(size);
  const whole = pieces.length === 1 ? pieces[0] : b.op('Concat', pieces, { axis: int(0) });
  return b.op('Reshape', [whole, b.ints(dims.map((_, i) => (i === axis ? size : 1)))]);
}

/** Repeats each group's number for each of its indices. */
function alongAxis(b: Builder, values: Value, { groups, length }: GroupedAxis): Value {
  if (length === 1) return values;
  const column = b.op('Reshape', [values, b.ints([groups, 1])]);
  return b.op('Reshape', [b.op('Expand', [column, b.ints([groups, length])]), b.ints([groups * length])]);
}
