/** Writes opset 23's Attention and RotaryEmbedding with operators of the training graph's opset. */

import type { Operand, Value } from '../graph/value.ts';
import { floatAttribute, int, intAttribute, ints } from '../graph/graph.ts';
import { required, unsupported, type Adaptation, type Adapter, type AdapterTable } from './common.ts';

/** softmax(Q·Kᵀ·scale + mask)·V for every head; there may be fewer key and value heads than query heads (grouped queries). */
const attention: Adapter = (a) => {
  const { r, node, inputs, options } = a;
  if (inputs[4] || inputs[5] || inputs[6]) return unsupported(a, 'a cache of keys and values');
  if (node.outputs.slice(1).some((output) => output !== '')) return unsupported(a, 'an output beside the first');
  const x = required(a, 0);
  const heads = intAttribute(node, 'q_num_heads', x.dims[1] ?? 1);
  const query = byHead(a, x, heads);
  const key = repeated(a, byHead(a, required(a, 1), intAttribute(node, 'kv_num_heads', heads)), query);
  const value = repeated(a, byHead(a, required(a, 2), intAttribute(node, 'kv_num_heads', heads)), query);
  const [batch = 1, , frames = 1, width = 1] = query.dims;
  const scale = floatAttribute(node, 'scale', 1 / Math.sqrt(width));
  const scaled = r.op('Mul', [query, r.b.scalar(scale)]);
  const raw = r.op('MatMul', [scaled, r.op('Transpose', [key], { perm: ints([0, 1, 3, 2]) })]);
  const scores = masked(a, capped(a, raw));
  const context = r.op(
    'MatMul',
    [r.op('Softmax', [scores], { axis: int(-1) }), value],
    {},
    x.dims.length === 4 ? options : {},
  );
  if (x.dims.length === 4) return [context];
  const joined = r.op('Transpose', [context], { perm: ints([0, 2, 1, 3]) });
  return [r.op('Reshape', [joined, r.b.ints([batch, frames, heads * (value.dims[3] ?? 1)])], {}, options)];
};

/** [batch, frames, heads · width] as [batch, heads, frames, width]. */
function byHead({ r }: Adaptation, x: Value, heads: number): Value {
  if (x.dims.length === 4) return x;
  const [batch = 1, frames = 1, width = 1] = x.dims;
  const split = r.op('Reshape', [x, r.b.ints([batch, frames, heads, width / heads])]);
  return r.op('Transpose', [split], { perm: ints([0, 2, 1, 3]) });
}

/** Repeats every key or value head for its consecutive query heads. */
function repeated({ r }: Adaptation, x: Value, query: Value): Value {
  const [batch = 1, heads = 1, frames = 1, width = 1] = x.dims;
  const times = (query.dims[1] ?? 1) / heads;
  if (times === 1) return x;
  const column = r.op('Reshape', [x, r.b.ints([batch, heads, 1, frames, width])]);
  const expanded = r.op('Expand', [column, r.b.ints([batch, heads, times, frames, width])]);
  return r.op('Reshape', [expanded, r.b.ints([batch, heads * times, frames, width])]);
}

function capped({ r, node }: Adaptation, scores: Value): Value {
  const cap = floatAttribute(node, 'softcap', 0);
  if (cap === 0) return scores;
  return r.op('Mul', [r.op('Tanh', [r.op('Div', [scores, r.b.scalar(cap)])]), r.b.scalar(cap)]);
}

function masked({ r, node, inputs }: Adaptation, scores: Value): Value {
  const low = r.b.scalar(-Infinity);
  const withMask = ((mask: Operand): Value => {
    if (!mask) return scores;
    return mask.type === 'bool' ? r.op('Where', [mask, scores, low]) : r.op('Add', [scores, mask]);
  })(inputs[3]);
  if (intAttribute(node, 'is_causal', 0) === 0) return withMask;
  const [, , frames = 1, all = 1] = scores.dims;
  const positions = (count: number, dims: readonly number[]): Value =>
    r.b.op('Reshape', [r.b.op('Range', [r.b.int(0), r.b.int(count), r.b.int(1)]), r.b.ints(dims)]);
  const past = r.b.op('GreaterOrEqual', [positions(frames, [frames, 1]), positions(all, [1, all])]);
  return r.op('Where', [past, withMask, low]);
}

/** (x₁, x₂) → (x₁·cos − x₂·sin, x₁·sin + x₂·cos) for the halves, or for neighbours when interleaved (Su et al., "RoFormer", equation 34). */
const rotaryEmbedding: Adapter = (a) => {
  const { r, node, options } = a;
  const x = required(a, 0);
  const heads = x.dims.length === 4 ? (x.dims[1] ?? 1) : intAttribute(node, 'num_heads', 0);
  if (heads === 0) return unsupported(a, 'three dimensions without num_heads');
  const split = byHead(a, x, heads);
  const [batch = 1, , frames = 1, width = 1] = split.dims;
  const given = intAttribute(node, 'rotary_embedding_dim', 0);
  const rotated = given === 0 ? width : given;
  const half = rotated / 2;
  const interleaved = intAttribute(node, 'interleaved', 0) !== 0;
  const positions = a.inputs[3];
  const angles = (i: number): Value => {
    const cache = required(a, i);
    const chosen = positions ? r.op('Gather', [cache, positions], { axis: int(0) }) : cache;
    return r.op('Reshape', [chosen, r.b.ints([batch, 1, frames, half])]);
  };
  const [cos, sin] = [angles(1), angles(2)];
  const piece = (from: number, to: number, step = 1): Value =>
    r.op('Slice', [split, r.b.ints([from]), r.b.ints([to]), r.b.ints([3]), r.b.ints([step])]);
  const first = interleaved ? piece(0, rotated, 2) : piece(0, half);
  const second = interleaved ? piece(1, rotated, 2) : piece(half, rotated);
  const parts = [
    r.op('Sub', [r.op('Mul', [first, cos]), r.op('Mul', [second, sin])]),
    r.op('Add', [r.op('Mul', [first, sin]), r.op('Mul', [second, cos])]),
  ];
  const column = [batch, heads, frames, half, 1];
  const turned = interleaved
    ? r.op('Reshape', [
        r.op(
          'Concat',
          parts.map((part) => r.op('Reshape', [part, r.b.ints(column)])),
          { axis: int(4) },
        ),
        r.b.ints([batch, heads, frames, rotated]),
      ])
    : r.op('Concat', parts, { axis: int(3) });
  const whole = rotated === width ? turned : r.op('Concat', [turned, piece(rotated, width)], { axis: int(3) });
  if (x.dims.length === 4) return [whole];
  const joined = r.op('Transpose', [whole], { perm: ints([0, 2, 1, 3]) });
  return [r.op('Reshape', [joined, r.b.ints(x.dims)], {}, options)];
};

export const attentionAdapters: AdapterTable = { Attention: attention, RotaryEmbedding: rotaryEmbedding };
