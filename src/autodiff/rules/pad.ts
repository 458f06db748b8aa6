/** The gradient of Pad: elements inside stay, and the gradients of copied elements are added to their sources. */

import type { Builder } from '../../onnx/graph/builder.ts';
import type { Value } from '../../onnx/graph/value.ts';
import { int, stringAttribute } from '../../onnx/graph/graph.ts';
import { padsOf } from '../../onnx/infer/shape.ts';
import type { NodeContext, PartialRule } from '../rule.ts';
import { one, slice } from './common.ts';
import { pad } from './shape.ts';

/** Axis by axis, as the copies are made: an edge's corner is the copy of a copy. */
export const padRule: PartialRule = {
  rule: one(({ b, node, inputs }, g, x) => {
    const mode = stringAttribute(node, 'mode', 'constant');
    const { before, after } = padsOf(node, inputs);
    const gradient = x.dims.reduce((left, size, axis) => {
      const [begin, end] = [before[axis] ?? 0, after[axis] ?? 0];
      return begin === 0 && end === 0 ? left : unpad(b, left, { mode, axis, begin, end, size });
    }, g);
    return [gradient];
  }),
  unsupported: ({ node, needs }: NodeContext) => {
    if (needs(2)) return 'Pad has no gradient rule for its value';
    const mode = stringAttribute(node, 'mode', 'constant');
    return ['constant', 'edge', 'reflect', 'wrap'].includes(mode)
      ? undefined
      : `Pad has no gradient rule for mode ${mode}`;
  },
};

interface Padding {
  readonly mode: string;
  readonly axis: number;
  readonly begin: number;
  readonly end: number;
  readonly size: number;
}

/** Removes the padding of one axis. A negative count cut elements off, whose gradient is 0. */
function unpad(b: Builder, g: Value, { mode, axis, begin, end, size }: Padding): Value {
  const first = Math.max(begin, 0);
  const last = Math.max(end, 0);
  const total = g.dims[axis] ?? 1;
  const lost = [Math.max(-begin, 0), Math.max(-end, 0)] as const;
  const along = (value: Value, from: number, to: number): Value => slice(b, value, [axis], [from], [to]);
  /** Places a piece at `start` of the axis, with zeros elsewhere. */
  const at = (piece: Value, start: number): Value => {
    const length = piece.dims[axis] ?? 1;
    const begins = g.dims.map((_, i) => (i === axis ? start : 0));
    const ends = g.dims.map((_, i) => (i === axis ? size - start - length : 0));
    return pad(b, piece, begins, ends);
  };
  const inside = at(along(g, first, total - last), lost[0]);
  const copies: Value[] = [];
  const copied = (from: number, to: number, start: number): void => {
    if (to > from) copies.push(at(returned(b, along(g, from, to), mode, axis), start));
  };
  if (mode === 'edge') {
    copied(0, first, 0);
    copied(total - last, total, size - 1);
  } else if (mode === 'reflect') {
    copied(0, first, 1);
    copied(total - last, total, size - 1 - last);
  } else if (mode === 'wrap') {
    copied(0, first, size - first);
    copied(total - last, total, 0);
  }
  return copies.reduce((sum, copy) => b.op('Add', [sum, copy]), inside);
}

/** A padding's gradient in the order of its source elements: summed onto one for an edge, mirrored for a reflection. */
function returned(b: Builder, piece: Value, mode: string, axis: number): Value {
  const length = piece.dims[axis] ?? 1;
  if (mode === 'edge') return b.op('ReduceSum', [piece, b.ints([axis])], { keepdims: int(1) });
  if (mode === 'reflect') return slice(b, piece, [axis], [-1], [-length - 1], [-1]);
  return piece;
}
