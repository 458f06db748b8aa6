/** Fuses a convolution with a Slice that cuts off its last positions. */

import { ints, intsAttribute, stringAttribute } from '../graph/graph.ts';
import { sliceSteps } from '../infer/indexing.ts';
import type { Simplification } from '../graph/rewriter.ts';

/**
 * Slice(Conv(x)) that drops end positions made by the padding becomes a Conv with less padding. wav2vec2's positional
 * convolution has an even kernel and drops its last frame.
 */
export const cutPadding: Simplification = (r, { node, inputs, options }) => {
  const conv = r.producer(inputs[0], 'Conv');
  const dims = inputs[0]?.dims ?? [];
  if (!conv || stringAttribute(conv.node, 'auto_pad', 'NOTSET') !== 'NOTSET') return undefined;
  const { starts, steps, counts } = sliceSteps(node, inputs);
  const space = dims.length - 2;
  const isCut = (axis: number): boolean => counts[axis] !== dims[axis];
  if (steps.some((step) => step !== 1) || isCut(0) || isCut(1)) return undefined;
  const strides = intsAttribute(conv.node, 'strides') ?? [];
  const pads = [...(intsAttribute(conv.node, 'pads') ?? new Array<number>(2 * space).fill(0))];
  for (let i = 0; i < space; i++) {
    const start = starts[i + 2] ?? 0;
    const end = (dims[i + 2] ?? 0) - start - (counts[i + 2] ?? 0);
    pads[i] = (pads[i] ?? 0) - start * (strides[i] ?? 1);
    pads[i + space] = (pads[i + space] ?? 0) - end * (strides[i] ?? 1);
  }
  if (pads.some((pad) => pad < 0)) return undefined;
  return r.op('Conv', conv.inputs, { ...conv.node.attributes, pads: ints(pads) }, options);
};
