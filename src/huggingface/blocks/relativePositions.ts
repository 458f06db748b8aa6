/** Positions of the conformer: relative ones, as in Transformer-XL (Dai et al., 2019), and rotary ones (Su et al., 2021). */

import { int } from '../../onnx/graph/graph.ts';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { float32 } from '../../onnx/graph/tensor.ts';
import { sizeOfAxis } from './attentionMask.ts';
import { byHead, headsFirst, keysPerm, splitHeads } from './attention.ts';
import { linearWithoutBias } from './linear.ts';
import type { Module } from './module.ts';

/** Sines and cosines of all distances from `frames - 1` down to `1 - frames`: [1, 2 · frames − 1, channels]. */
export function relativePositionalEmbedding(m: Module, hiddenStates: ValueName, channels: number): ValueName {
  const frames = sizeOfAxis(m, hiddenStates, 1);
  const first = m.op('Sub', [frames, m.b.int(1)]);
  const distances = m.op('Range', [first, m.op('Neg', [frames]), m.b.int(-1)]);
  const frequencies = m.b.constant(`/frequencies/${channels}`, () =>
    float32(Array.from({ length: channels / 2 }, (_, i) => Math.exp(2 * i * (-Math.log(10_000) / channels)))),
  );
  const column = m.op('Unsqueeze', [m.op('Cast', [distances], { to: int(1) }), m.b.ints([1])]);
  const angles = m.op('Unsqueeze', [m.op('Mul', [column, frequencies]), m.b.ints([2])]);
  // Sine and cosine by turns.
  const pairs = m.op('Concat', [m.op('Sin', [angles]), m.op('Cos', [angles])], { axis: int(2) });
  return m.op('Reshape', [pairs, m.b.ints([1, -1, channels])]);
}

/**
 * `_apply_relative_position_encoding`. What the positions add to a query is added before its heads come first, where the parameter
 * [heads, size] fits as it is.
 * @param query [batch, frames, heads, size]
 * @param embedding of `relativePositionalEmbedding`
 * @returns what is added to the scores before they are scaled: [batch, heads, frames, frames]
 */
export function relativeScores(
  m: Module,
  query: ValueName,
  embedding: ValueName,
  channels: number,
  heads: number,
): ValueName {
  const size = channels / heads;
  const projected = linearWithoutBias(m.child('linear_pos'), embedding, channels, channels);
  const positions = byHead(m, projected, size, keysPerm);
  const biased = headsFirst(m, m.op('Add', [query, m.parameter('pos_bias_v', [heads, size])]));
  return shifted(m, m.op('MatMul', [biased, positions]), sizeOfAxis(m, query, 1));
}

/**
 * Row i of [frames, 2 · frames − 1] begins with the distance `frames − 1`; shifted so that its column j has the distance i − j: a
 * column of zeros in front, and the same numbers in order as rows of another length (Dai et al., appendix B).
 */
function shifted(m: Module, scores: ValueName, frames: ValueName): ValueName {
  const padded = m.op('Pad', [scores, m.b.ints([0, 0, 0, 1, 0, 0, 0, 0])]);
  const row = m.op('Unsqueeze', [frames, m.b.ints([0])]);
  const [kept, rest] = [m.b.ints([0, 0]), m.b.ints([-1])];
  const long = m.op('Reshape', [padded, m.op('Concat', [kept, rest, row], { axis: int(0) })]);
  const cut = m.op('Slice', [long, m.b.ints([1]), m.b.ints([last]), m.b.ints([2])]);
  const back = m.op('Reshape', [cut, m.op('Concat', [kept, row, rest], { axis: int(0) })]);
  return m.op('Slice', [back, m.b.ints([0]), row, m.b.ints([3])]);
}

/** To the end of an axis. */
const last = 2 ** 31 - 1;

export interface Rotation {
  /** Both [1, frames, 1, size]. */
  readonly cos: ValueName;
  readonly sin: ValueName;
}

/** Radians a frame for each pair of channels of a head, rounded as PyTorch rounds them. */
export function rotaryFrequencies(size: number, base: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: size / 2 }, (_, i) => 1 / Math.fround(base ** Math.fround((2 * i) / size)));
}

/** The angles by which the halves of a head are turned into each other. */
export function rotaryPositionalEmbedding(m: Module, hiddenStates: ValueName, size: number, base: number): Rotation {
  const positions = m.op('Range', [m.b.int(0), sizeOfAxis(m, hiddenStates, 1), m.b.int(1)]);
  const frequencies = m.b.constant(`/rotary/${size}_${base}`, () => float32(rotaryFrequencies(size, base)));
  const column = m.op('Unsqueeze', [m.op('Cast', [positions], { to: int(1) }), m.b.ints([1])]);
  const half = m.op('Mul', [column, frequencies]);
  const angles = m.op('Unsqueeze', [m.op('Concat', [half, half], { axis: int(1) }), m.b.ints([0, 2])]);
  return { cos: m.op('Cos', [angles]), sin: m.op('Sin', [angles]) };
}

/** @param x [batch, frames, heads · size] @returns the same shape */
export function rotated(m: Module, x: ValueName, { cos, sin }: Rotation, size: number): ValueName {
  const split = splitHeads(m, x, size);
  const [begin = '', end = ''] = m.ops('Split', [split], 2, { axis: int(3), num_outputs: int(2) });
  const turned = m.op('Concat', [m.op('Neg', [end]), begin], { axis: int(3) });
  const sum = m.op('Add', [m.op('Mul', [split, cos]), m.op('Mul', [turned, sin])]);
  return m.op('Reshape', [sum, m.b.ints([0, 0, -1])]);
}
