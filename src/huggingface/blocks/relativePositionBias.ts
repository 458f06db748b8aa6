/**
 * WavLM's gated relative position bias: a number for each head and each bucket of distances, which every query gates by what it is.
 * Near distances have a bucket each; farther ones share them, the more the farther (Raffel et al., 2020, as T5 has it).
 */

import { int, ints } from '../../onnx/graph/graph.ts';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { int64 } from '../../onnx/graph/tensor.ts';
import { sizeOfAxis } from './attentionMask.ts';
import { byHead } from './attention.ts';
import { linear } from './linear.ts';
import type { Module } from './module.ts';

export interface RelativePositionConfig {
  readonly hidden_size: number;
  readonly num_attention_heads: number;
  readonly num_buckets: number;
  readonly max_bucket_distance: number;
}

/**
 * `compute_bias`: one number for each head, query and key, [heads, frames, frames].
 * @param m the attention of the first block, which has the numbers
 * @param hiddenStates [batch, frames, channels]: how many frames there are
 */
export function positionBias(m: Module, hiddenStates: ValueName, config: RelativePositionConfig): ValueName {
  const { num_buckets: buckets, num_attention_heads: heads } = config;
  // From here on all distances share the last bucket.
  const farthest = Math.max(config.max_bucket_distance, Math.floor(buckets / 2));
  const weight = m.child('rel_attn_embed').parameter('weight', [buckets, heads]);
  // The numbers of all distances that have buckets of their own: [distances, heads], and [heads, distances].
  const table = m.b.constant(`/relative_buckets/${buckets}_${config.max_bucket_distance}`, () =>
    int64(Array.from({ length: 2 * farthest + 1 }, (_, i) => bucketOf(i - farthest, config))),
  );
  const byDistance = m.op('Transpose', [m.op('Gather', [weight, table], { axis: int(0) })], { perm: ints([1, 0]) });
  const positions = m.op('Range', [m.b.int(0), sizeOfAxis(m, hiddenStates, 1), m.b.int(1)]);
  const query = m.op('Unsqueeze', [positions, m.b.ints([1])]);
  const distances = m.op('Sub', [positions, query]);
  const near = m.op('Clip', [distances, m.b.int(-farthest), m.b.int(farthest)]);
  return m.op('Gather', [byDistance, m.op('Add', [near, m.b.int(farthest)])], { axis: int(1) });
}

/** The bucket of a distance from query to key; computed in 32 bits, as PyTorch does, which decides at the edges. */
function bucketOf(distance: number, { num_buckets, max_bucket_distance }: RelativePositionConfig): number {
  const half = Math.floor(num_buckets / 2);
  const exact = Math.floor(half / 2);
  const side = distance > 0 ? half : 0;
  const length = Math.abs(distance);
  if (length < exact) return side + length;
  const logarithm = Math.fround(Math.log(Math.fround(length / exact)));
  const share = Math.fround(logarithm / Math.fround(Math.log(max_bucket_distance / exact)));
  const bucket = Math.trunc(Math.fround(exact + Math.fround(share * (half - exact))));
  return side + Math.min(half - 1, bucket);
}

/**
 * The bias of one block: [batch, heads, frames, frames].
 * @param m the block's attention
 * @param bias of `positionBias`
 */
export function gatedPositionBias(
  m: Module,
  hiddenStates: ValueName,
  bias: ValueName,
  { hidden_size: size, num_attention_heads: heads }: RelativePositionConfig,
): ValueName {
  const headSize = size / heads;
  const states = byHead(m, hiddenStates, headSize);
  const projected = linear(m.child('gru_rel_pos_linear'), states, headSize, 8);
  const grouped = m.op('Reshape', [projected, m.b.ints([0, 0, 0, 2, 4])]);
  const summed = m.op('ReduceSum', [grouped, m.b.ints([-1])], { keepdims: int(0) });
  const [gateA = '', gateB = ''] = m.ops('Split', [m.op('Sigmoid', [summed])], 2, {
    axis: int(-1),
    num_outputs: int(2),
  });
  const scaled = m.op('Mul', [gateB, m.parameter('gru_rel_pos_const', [1, heads, 1, 1])]);
  const inner = m.op('Mul', [gateA, m.op('Sub', [scaled, m.b.scalar(1)])]);
  const gate = m.op('Add', [inner, m.b.scalar(2)]);
  return m.op('Mul', [gate, bias]);
}
