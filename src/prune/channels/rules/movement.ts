/** Operators that move, select or repeat elements. */

import { frontAxis } from '../../../onnx/folding/common.ts';
import { intAttribute, intsAttribute } from '../../../onnx/graph/graph.ts';
import type { Axis } from '../axes.ts';
import { keptAxis, keptFresh, lengthOf, type ChannelRule } from './common.ts';
import { elementwise } from './elementwise.ts';

export const transpose: ChannelRule = ({ node, inputs }) => {
  const [x] = inputs;
  const perm = intsAttribute(node, 'perm') ?? x?.map((_, axis) => axis).toReversed();
  return x && perm && [perm.map((axis) => x[axis] ?? [])];
};

/** The same elements in the same order. */
export const reshape: ChannelRule = ({ inputs, outputs, axes, where }) => {
  const [x] = inputs;
  const [dims] = outputs;
  return x && dims && [axes.reshape(x, dims, where)];
};

/** Pieces of equal length are runs of one axis; pieces of other lengths cannot be told from their neighbours. */
export const split: ChannelRule = (visit) => {
  const { node, inputs, outputs, axes, where } = visit;
  const [x] = inputs;
  if (!x) return undefined;
  const axis = frontAxis(intAttribute(node, 'axis', 0), x.length);
  const lengths = outputs.map((dims) => dims?.[axis]);
  const equal = lengths.every((length) => length !== undefined && length === lengths[0]);
  if (equal && lengths.length > 1) {
    const run = axes.runs(x[axis] ?? [], lengths.length, where);
    return outputs.map(() => x.with(axis, run));
  }
  if (lengths.length > 1) axes.keep(x[axis] ?? [], `are taken apart by ${where}`);
  return outputs.map((dims) => (lengths.length > 1 ? x.with(axis, keptAxis(visit, dims?.[axis] ?? 1)) : x));
};

/** A slice must be one of the equal runs of an axis; otherwise the rest of the axis is unknown. */
export const slice: ChannelRule = (visit) => {
  const { node, inputs, outputs, axes, where, integers } = visit;
  const [x] = inputs;
  const [dims] = outputs;
  if (!x || !dims) return undefined;
  const old = intsAttribute(node, 'starts') !== undefined;
  const starts = intsAttribute(node, 'starts') ?? integers(1);
  const named = intsAttribute(node, 'axes') ?? (old || !inputs[3] ? starts?.map((_, i) => i) : integers(3));
  const steps = inputs[4] ? integers(4) : starts?.map(() => 1);
  if (!starts || !named || !steps) return undefined;
  const result = [...x];
  named.forEach((axis, i) => {
    const at = frontAxis(axis, x.length);
    const held = x[at] ?? [];
    const size = lengthOf(visit, held);
    const left = dims[at] ?? 1;
    const start = Math.max(0, frontAxis(starts[i] ?? 0, size));
    if (left === size && steps[i] === 1) return;
    if (steps[i] === 1 && left > 0 && size % left === 0 && start % left === 0) {
      result[at] = axes.runs(held, size / left, where);
    } else {
      axes.keep(held, `are taken apart by ${where}`);
      result[at] = keptAxis(visit, left);
    }
  });
  return [result];
};

/** Rows are looked up: all of them are needed, and the elements of a row keep their position. */
export const gather: ChannelRule = (visit) => {
  const { node, inputs, axes, where } = visit;
  const [x, indices] = inputs;
  if (!x || !indices) return undefined;
  const axis = frontAxis(intAttribute(node, 'axis', 0), x.length);
  axes.keep(x[axis] ?? [], `are looked up by ${where}`);
  return [[...x.slice(0, axis), ...indices, ...x.slice(axis + 1)]];
};

export const concat: ChannelRule = (visit) => {
  const { node, inputs, outputs, axes, where } = visit;
  const [dims] = outputs;
  if (!dims) return undefined;
  const axis = frontAxis(intAttribute(node, 'axis', 0), dims.length);
  for (const x of inputs) axes.keep(x?.[axis] ?? [], `are joined with others by ${where}`);
  const rest = elementwise({ ...visit, inputs: inputs.map((x) => x?.with(axis, [])), outputs: [dims.with(axis, 1)] });
  return rest?.map((layout) => layout.with(axis, keptAxis(visit, dims[axis] ?? 1)));
};

/** Axes of size 1 become longer; others stay. */
export const expand: ChannelRule = (visit) => {
  const { inputs, outputs, axes, where } = visit;
  const [x] = inputs;
  const [dims] = outputs;
  if (!x || !dims) return undefined;
  return [
    dims.map((dim, i): Axis => {
      const axis = x[i - dims.length + x.length] ?? [];
      if (axis.length === 0) return axes.fresh(dim);
      const size = lengthOf(visit, axis);
      if (size === dim) return axis;
      axes.keep(axis, `are repeated by ${where}`);
      const repeated = axes.fresh(dim);
      axes.keep(repeated, `are repeated by ${where}`);
      return repeated;
    }),
  ];
};

/** Axes that change their size are needed whole. */
export const pad: ChannelRule = (visit) => {
  const { inputs, outputs, axes, where } = visit;
  const [x] = inputs;
  const [dims] = outputs;
  if (!x || !dims) return undefined;
  return [
    x.map((axis, i): Axis => {
      const size = lengthOf(visit, axis);
      if (size === dims[i]) return axis;
      axes.keep(axis, `are padded by ${where}`);
      return keptAxis(visit, dims[i] ?? 1);
    }),
  ];
};

/** Values that hold shapes or indices: their own axes have no channels. */
export const unrelated: ChannelRule = (visit) => visit.outputs.map((dims) => keptFresh(visit, dims));
