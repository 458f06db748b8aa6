/** Operators that sum products over an axis. */

import { append } from '../../../base/append.ts';
import { intAttribute, stringAttribute } from '../../../onnx/graph/graph.ts';
import type { Axis } from '../axes.ts';
import { keptAxis, lengthOf, normalized, type ChannelRule } from './common.ts';
import { elementwise } from './elementwise.ts';

export const matMul: ChannelRule = (visit) => {
  const [a, b] = visit.inputs;
  const [dims] = visit.outputs;
  if (!a || !b || !dims || a.length < 2 || b.length < 2) return undefined;
  visit.contract(0, a.length - 1, 1, b.length - 2);
  const stacked = elementwise({
    ...visit,
    inputs: [a.slice(0, -2), b.slice(0, -2)],
    outputs: [dims.slice(0, -2)],
  });
  return [[...(stacked?.[0] ?? []), a.at(-2) ?? [], b.at(-1) ?? []]];
};

export const gemm: ChannelRule = (visit) => {
  const { node, inputs, axes } = visit;
  const [a, b, c] = inputs;
  if (!a || !b) return undefined;
  const [transA, transB] = [intAttribute(node, 'transA', 0), intAttribute(node, 'transB', 0)];
  visit.contract(0, 1 - transA, 1, transB);
  const result = [a[transA] ?? [], b[1 - transB] ?? []];
  c?.toReversed().forEach((axis, i) => {
    if (axis.length > 0) axes.equate(axis, result[1 - i] ?? []);
  });
  return [result];
};

/** A convolution over all channels, or over each alone; groups of several channels tie them together. */
export const convolution: ChannelRule = (visit) => {
  const { node, inputs, outputs, axes, where } = visit;
  const [x, weight, bias] = inputs;
  const [dims] = outputs;
  if (!x || !weight || !dims) return undefined;
  const channels = lengthOf(visit, x[1] ?? []);
  const groups = intAttribute(node, 'group', 1);
  let result: Axis = weight[0] ?? [];
  if (groups === 1) visit.contract(0, 1, 1, 1);
  else if (groups === channels && dims[1] === channels) axes.equate((result = x[1] ?? []), weight[0] ?? []);
  else for (const axis of [x[1] ?? [], result]) axes.keep(axis, `go through ${where} in groups of several`);
  if (bias?.[0]) axes.equate(bias[0], result);
  for (const axis of [...x.slice(2), ...weight.slice(2)]) axes.keep(axis, `lie under the window of ${where}`);
  return [[x[0] ?? [], result, ...dims.slice(2).map((dim) => keptAxis(visit, dim))]];
};

export const pool: ChannelRule = (visit) => {
  const [x] = visit.inputs;
  const [dims] = visit.outputs;
  if (!x || !dims || visit.outputs.length > 1) return undefined;
  for (const axis of x.slice(2)) visit.axes.keep(axis, `lie under the window of ${visit.where}`);
  return [[...x.slice(0, 2), ...dims.slice(2).map((dim) => keptAxis(visit, dim))]];
};

/** Letters name axes: the same letter is the same axis, and a letter missing in the output is summed over. */
export const einsum: ChannelRule = (visit) => {
  const [left = '', right] = stringAttribute(visit.node, 'equation', '').replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (right === undefined || left.includes('.') || terms.length > 2) return undefined;
  const places = new Map<string, { readonly input: number; readonly axis: number }[]>();
  terms.forEach((term, input) => {
    Array.from(term).forEach((letter, axis) => append(places, letter, { input, axis }));
  });
  const at = ({ input, axis }: { input: number; axis: number }): Axis => visit.inputs[input]?.[axis] ?? [];
  for (const [letter, [first, second, third]] of places) {
    if (!first || third || first.input === second?.input) return undefined;
    if (!right.includes(letter)) {
      if (second) visit.contract(first.input, first.axis, second.input, second.axis);
      else visit.axes.keep(at(first), `are reduced by ${visit.where}`);
    } else if (second && at(first).length > 0 && at(second).length > 0) visit.axes.equate(at(first), at(second));
  }
  return [Array.from(right, (letter) => (places.get(letter) ?? []).map(at).find((axis) => axis.length > 0) ?? [])];
};

/** Attention over [batch, heads, frames, width], with as many heads for keys and values as for queries. */
export const attention: ChannelRule = (visit) => {
  const { inputs, outputs, axes, where } = visit;
  const [q, k, v, mask] = inputs;
  if (q?.length !== 4 || k?.length !== 4 || v?.length !== 4) return undefined;
  if (outputs.length > 1 || inputs.slice(4).some((input) => input)) return undefined;
  const heads = [q, k, v].map((x) => lengthOf(visit, x[1] ?? []));
  if (new Set(heads).size > 1) return undefined;
  for (const x of [k, v]) for (const axis of [0, 1]) axes.equate(q[axis] ?? [], x[axis] ?? []);
  for (const axis of [k[2], v[2]]) axes.keep(axis ?? [], `${normalized} ${where}`);
  visit.contract(0, 3, 1, 3);
  const scores = [q[0] ?? [], q[1] ?? [], q[2] ?? [], k[2] ?? []];
  mask?.toReversed().forEach((axis, i) => {
    if (axis.length > 0) axes.equate(axis, scores[3 - i] ?? []);
  });
  return [[q[0] ?? [], q[1] ?? [], q[2] ?? [], v[3] ?? []]];
};
