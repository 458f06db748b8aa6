/** Shapes of convolutions and pooling. */

import type { Operand } from '../graph/value.ts';
import { intAttribute, intsAttribute, stringAttribute, type Node } from '../graph/graph.ts';
import type { ValueType } from '../graph/value.ts';
import { misfit, one, required, sameTypes, type Infer, type InferTable } from './common.ts';

/** The movement of a window over the spatial axes of a node's input. */
interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

const conv: Infer = (node, inputs) => {
  const [batch = 0, channels = 0, ...space] = required(node, inputs, 0).dims;
  const [features = 0, perGroup = 0, ...kernel] = required(node, inputs, 1).dims;
  const type = sameTypes(node, inputs);
  const groups = intAttribute(node, 'group', 1);
  if (kernel.length !== space.length || perGroup * groups !== channels || features % groups !== 0) {
    throw misfit(node, inputs, `the filter does not fit the input in ${groups} groups`);
  }
  return one(type, [batch, features, ...slide(node, inputs, space, windowOf(node, kernel))]);
};

const convInteger: Infer = (node, inputs) => {
  const [batch = 0, , ...space] = required(node, inputs, 0).dims;
  const [features = 0, , ...kernel] = required(node, inputs, 1).dims;
  return one('int32', [batch, features, ...slide(node, inputs, space, windowOf(node, kernel))]);
};

/** The inverse of Conv's arithmetic; with auto_pad SAME the output is the input times the stride. */
const convTranspose: Infer = (node, inputs) => {
  const [batch = 0, channels = 0, ...space] = required(node, inputs, 0).dims;
  const [into = 0, perGroup = 0, ...kernel] = required(node, inputs, 1).dims;
  const type = sameTypes(node, inputs);
  const groups = intAttribute(node, 'group', 1);
  if (kernel.length !== space.length || into !== channels || channels % groups !== 0) {
    throw misfit(node, inputs, `the filter does not fit the input in ${groups} groups`);
  }
  const given = intsAttribute(node, 'output_shape');
  const extra = intsAttribute(node, 'output_padding') ?? [];
  const pads = intsAttribute(node, 'pads') ?? [];
  const padding = stringAttribute(node, 'auto_pad', 'NOTSET');
  const { strides, dilations } = windowOf(node, kernel);
  const out = space.map((dim, i) => {
    const stride = strides[i] ?? 1;
    if (padding.startsWith('SAME')) return dim * stride;
    const cut = padding === 'VALID' ? 0 : (pads[i] ?? 0) + (pads[i + space.length] ?? 0);
    return stride * (dim - 1) + (extra[i] ?? 0) + ((kernel[i] ?? 1) - 1) * (dilations[i] ?? 1) + 1 - cut;
  });
  return one(type, [batch, perGroup * groups, ...(given ? given.slice(-space.length) : out)]);
};

const pool: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  const space = dims.slice(2);
  if (kernel.length !== space.length) throw misfit(node, inputs, 'kernel_shape does not fit the input');
  const out = [...dims.slice(0, 2), ...slide(node, inputs, space, windowOf(node, kernel))];
  const values: ValueType = { type, dims: out };
  return [values, { type: 'int64', dims: out }];
};

const globalPool: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  return one(
    type,
    dims.map((dim, i) => (i < 2 ? dim : 1)),
  );
};

export const convolution: InferTable = {
  Conv: conv,
  ConvInteger: convInteger,
  ConvTranspose: convTranspose,
  AveragePool: pool,
  MaxPool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
};

function windowOf(node: Node, kernel: readonly number[]): Window {
  const ones = kernel.map(() => 1);
  return {
    kernel,
    strides: intsAttribute(node, 'strides') ?? ones,
    dilations: intsAttribute(node, 'dilations') ?? ones,
  };
}

/** The number of the window's positions along each axis. @throws if there is none along some axis. */
function slide(node: Node, inputs: readonly Operand[], space: readonly number[], window: Window): number[] {
  const padding = stringAttribute(node, 'auto_pad', 'NOTSET');
  const pads = padding === 'NOTSET' ? (intsAttribute(node, 'pads') ?? []) : [];
  const upwards = intAttribute(node, 'ceil_mode', 0) !== 0;
  return space.map((dim, i) => {
    const stride = window.strides[i] ?? 1;
    if (padding.startsWith('SAME')) return Math.ceil(dim / stride);
    const reach = ((window.kernel[i] ?? 1) - 1) * (window.dilations[i] ?? 1) + 1;
    const before = pads[i] ?? 0;
    const steps = (dim + before + (pads[i + space.length] ?? 0) - reach) / stride;
    if (steps < 0) throw misfit(node, inputs, 'the input is shorter than the window');
    if (!upwards) return Math.floor(steps) + 1;
    const places = Math.ceil(steps) + 1;
    // A last window that would start in the padding behind the input is omitted.
    return (places - 1) * stride >= dim + before ? places - 1 : places;
  });
}
