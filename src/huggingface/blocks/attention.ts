/** Multi-headed attention from 'Attention Is All You Need'. */

import { int, ints } from '../../onnx/graph/graph.ts';
import type { ValueName } from '../../onnx/graph/modelBuilder.ts';
import { linear } from './linear.ts';
import type { Module } from './module.ts';

export interface AttentionConfig {
  readonly hidden_size: number;
  readonly num_attention_heads: number;
}

/**
 * @param hiddenStates [batch, frames, hidden_size]
 * @param bias is added to the scores; broadcasts to [batch, heads, frames, frames]
 */
export function attention(
  m: Module,
  hiddenStates: ValueName,
  config: AttentionConfig,
  bias: ValueName | undefined,
): ValueName {
  const { hidden_size: size } = config;
  const headSize = size / config.num_attention_heads;
  // One pass over the queries instead of one over the scores.
  const scaled = m.op('Mul', [linear(m.child('q_proj'), hiddenStates, size, size), m.b.scalar(headSize ** -0.5)]);
  const query = byHead(m, scaled, headSize);
  const key = byHead(m, linear(m.child('k_proj'), hiddenStates, size, size), headSize, keysPerm);
  const value = byHead(m, linear(m.child('v_proj'), hiddenStates, size, size), headSize);
  return linear(m.child('out_proj'), attend(m, query, key, value, bias), size, size);
}

const headsPerm = [0, 2, 1, 3];
/** Transposed already, as the product with the queries takes them. */
export const keysPerm = [0, 2, 3, 1];

/** [batch, frames, heads · size] as [batch, frames, heads, size]. How many heads there are is not said: pruning may take some away. */
export function splitHeads(m: Module, x: ValueName, headSize: number): ValueName {
  return m.op('Reshape', [x, m.b.ints([0, 0, -1, headSize])]);
}

/** [batch, frames, heads, size] as [batch, heads, frames, size], or as keys. */
export function headsFirst(m: Module, x: ValueName, perm: readonly number[] = headsPerm): ValueName {
  return m.op('Transpose', [x], { perm: ints(perm) });
}

export function byHead(m: Module, x: ValueName, headSize: number, perm?: readonly number[]): ValueName {
  return headsFirst(m, splitHeads(m, x, headSize), perm);
}

/** softmax(query · key + bias) · value, all heads in one vector again: [batch, frames, heads · size]. */
export function attend(
  m: Module,
  query: ValueName,
  key: ValueName,
  value: ValueName,
  bias: ValueName | undefined,
): ValueName {
  const products = m.op('MatMul', [query, key]);
  const scores = bias === undefined ? products : m.op('Add', [products, bias]);
  const context = m.op('MatMul', [m.op('Softmax', [scores], { axis: int(-1) }), value]);
  const joined = m.op('Transpose', [context], { perm: ints(headsPerm) });
  return m.op('Reshape', [joined, m.b.ints([0, 0, -1])]);
}
