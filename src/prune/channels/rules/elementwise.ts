/** Operators that work on every position alone, and those that combine all positions of an axis. */

import { frontAxis } from '../../../onnx/folding/common.ts';
import { intAttribute, intsAttribute } from '../../../onnx/graph/graph.ts';
import type { Axis } from '../axes.ts';
import { keptFresh, normalized, type ChannelRule, type Visit } from './common.ts';

/** Every element of the output depends on the elements at its position. */
export const elementwise: ChannelRule = (visit) => {
  const { axes, inputs, outputs } = visit;
  return outputs.map((dims = []) =>
    dims.map((dim, axis): Axis => {
      const met = inputs.flatMap((layout) => {
        const held = layout?.[axis - dims.length + layout.length];
        return held && held.length > 0 ? [held] : [];
      });
      const [first, ...others] = met;
      for (const other of others) if (first) axes.equate(first, other);
      return first ?? axes.fresh(dim);
    }),
  );
};

/** Every element of the output depends on all elements along some axes of the first input; positions are kept. */
const along =
  (which: (visit: Visit, rank: number) => readonly number[], how: string): ChannelRule =>
  (visit) => {
    const [x] = visit.inputs;
    if (!x) return undefined;
    for (const axis of which(visit, x.length)) visit.axes.keep(x[axis] ?? [], `${how} ${visit.where}`);
    return [x];
  };

export const softmax = along(({ node, opset }, rank) => {
  const axis = frontAxis(intAttribute(node, 'axis', opset < 13 ? 1 : -1), rank);
  return opset < 13 ? from(axis, rank) : [axis];
}, normalized);

/** Normalization over the last axes, with a scale and a bias for each position in them. */
export const layerNormalization: ChannelRule = (visit) => {
  const { node, inputs, outputs, axes, where } = visit;
  const [x, ...others] = inputs;
  if (!x) return undefined;
  const first = frontAxis(intAttribute(node, 'axis', -1), x.length);
  for (const axis of from(first, x.length)) axes.keep(x[axis] ?? [], `${normalized} ${where}`);
  for (const other of others) for (const axis of other ?? []) axes.keep(axis, `${normalized} ${where}`);
  return outputs.map((dims, i) => (i === 0 ? x : keptFresh(visit, dims)));
};

/** The second axis holds channels, each with its own numbers in the other inputs. */
export const perChannel =
  (rest: 'kept' | 'free'): ChannelRule =>
  ({ inputs, axes, where, outputs }) => {
    const [x, ...others] = inputs;
    if (!x || outputs.length > 1) return undefined;
    for (const other of others) for (const axis of other ?? []) axes.equate(axis, x[1] ?? []);
    if (rest === 'kept') for (const axis of x.slice(2)) axes.keep(axis, `${normalized} ${where}`);
    return [x];
  };

export const groupNormalization: ChannelRule = (visit) => {
  const [x, ...others] = visit.inputs;
  if (!x) return undefined;
  for (const axis of [...x.slice(1), ...others.flatMap((other) => other ?? [])]) {
    visit.axes.keep(axis, `${normalized} ${visit.where}`);
  }
  return [x];
};

export const reduce: ChannelRule = (visit) => {
  const { node, inputs, outputs, axes, where, integers } = visit;
  const [x] = inputs;
  const [dims] = outputs;
  if (!x || !dims) return undefined;
  const single = intAttribute(node, 'axis');
  const named = node.opType.startsWith('Arg')
    ? [single ?? 0]
    : (intsAttribute(node, 'axes') ?? (inputs[1] ? integers(1) : []));
  if (!named) return undefined;
  const nothing = named.length === 0 && intAttribute(node, 'noop_with_empty_axes', 0) === 1;
  if (nothing) return [x];
  const reduced = new Set(named.length === 0 ? x.keys() : named.map((axis) => frontAxis(axis, x.length)));
  for (const axis of reduced) axes.keep(x[axis] ?? [], `are reduced by ${where}`);
  const keeps = intAttribute(node, 'keepdims', 1) === 1;
  return [x.flatMap((axis, i) => (reduced.has(i) ? (keeps ? [[]] : []) : [axis]))];
};

export const cumulativeSum: ChannelRule = (visit) => {
  const axis = visit.integers(1)?.[0];
  return axis === undefined ? undefined : along((_, rank) => [frontAxis(axis, rank)], 'are summed up by')(visit);
};

export const lpNormalization = along(({ node }, rank) => [frontAxis(intAttribute(node, 'axis', -1), rank)], normalized);

function from(first: number, rank: number): number[] {
  return Array.from({ length: rank - first }, (_, i) => first + i);
}
