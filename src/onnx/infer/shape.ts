/** Shapes of operators that rearrange, repeat or pad their input, or return its shape. */

import type { Operand } from '../graph/value.ts';
import { intAttribute, intsAttribute, stringAttribute, type Node } from '../graph/graph.ts';
import {
  broadcast,
  frontAxis,
  known,
  misfit,
  one,
  product,
  required,
  requiredKnown,
  type Infer,
  type InferTable,
} from './common.ts';

/** 0 copies the input's dimension (unless allowzero), -1 is computed from the rest. */
const reshape: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const wanted = requiredKnown(node, inputs, 1);
  const literal = intAttribute(node, 'allowzero', 0) !== 0;
  const filled = wanted.map((dim, i) => (dim === 0 && !literal ? (dims[i] ?? 0) : dim));
  const open = filled.indexOf(-1);
  if (open >= 0) {
    const rest = product(filled.filter((_, i) => i !== open));
    filled[open] = rest === 0 ? 0 : product(dims) / rest;
  }
  const whole = filled.every((dim) => Number.isInteger(dim) && dim >= 0);
  if (!whole || product(filled) !== product(dims)) {
    throw misfit(node, inputs, `the elements do not fit the shape [${wanted.join(',')}]`);
  }
  return one(type, filled);
};

const flatten: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const wanted = intAttribute(node, 'axis', 1);
  // The axis may equal the rank, behind the last axis; a negative one still counts from the last axis.
  const axis = wanted === dims.length ? wanted : frontAxis(node, inputs, wanted, dims.length);
  return one(type, [product(dims.slice(0, axis)), product(dims.slice(axis))]);
};

const transpose: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const order = intsAttribute(node, 'perm') ?? dims.map((_, i) => dims.length - 1 - i);
  const valid = order.length === dims.length && new Set(order).size === dims.length;
  if (!valid) throw misfit(node, inputs, `perm [${order.join(',')}] does not fit`);
  return one(
    type,
    order.map((axis) => {
      const dim = dims[axis];
      if (dim === undefined) throw misfit(node, inputs, `perm [${order.join(',')}] does not fit`);
      return dim;
    }),
  );
};

const squeeze: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const given = known(node, inputs, 1);
  const axes = given?.map((axis) => frontAxis(node, inputs, axis, dims.length));
  if (axes?.some((axis) => dims[axis] !== 1)) throw misfit(node, inputs, 'an axis to squeeze is not 1');
  return one(
    type,
    dims.filter((dim, i) => (axes ? !axes.includes(i) : dim !== 1)),
  );
};

const unsqueeze: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const given = requiredKnown(node, inputs, 1);
  const rank = dims.length + given.length;
  const axes = new Set(given.map((axis) => frontAxis(node, inputs, axis, rank)));
  if (axes.size !== given.length) throw misfit(node, inputs, 'an axis is given twice');
  const rest = dims.values();
  return one(
    type,
    Array.from({ length: rank }, (_, i) => (axes.has(i) ? 1 : (rest.next().value ?? 1))),
  );
};

const expand: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  return one(type, broadcast(node, inputs, [dims, requiredKnown(node, inputs, 1)]));
};

const tile: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const repeats = requiredKnown(node, inputs, 1);
  if (repeats.length !== dims.length) throw misfit(node, inputs, 'there is not one repeat for every axis');
  return one(
    type,
    dims.map((dim, i) => dim * (repeats[i] ?? 1)),
  );
};

const shape: Infer = (node, inputs) => {
  const { dims } = required(node, inputs, 0);
  return one('int64', [dims.slice(intAttribute(node, 'start', 0), intAttribute(node, 'end', dims.length)).length]);
};

const size: Infer = (node, inputs) => {
  required(node, inputs, 0);
  return one('int64', []);
};

/** The number of elements that Pad puts before and after each axis (negative: removes), along the given axes or all. */
export function padsOf(node: Node, inputs: readonly Operand[]): { before: number[]; after: number[] } {
  const { dims } = required(node, inputs, 0);
  const pads = requiredKnown(node, inputs, 1);
  const axes = (known(node, inputs, 3) ?? dims.map((_, i) => i)).map((axis) =>
    frontAxis(node, inputs, axis, dims.length),
  );
  if (pads.length !== 2 * axes.length) throw misfit(node, inputs, 'there are not two pads for every axis');
  const before = dims.map(() => 0);
  const after = dims.map(() => 0);
  axes.forEach((axis, i) => {
    before[axis] = pads[i] ?? 0;
    after[axis] = pads[i + axes.length] ?? 0;
  });
  return { before, after };
}

const pad: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const { before, after } = padsOf(node, inputs);
  const out = dims.map((dim, i) => dim + (before[i] ?? 0) + (after[i] ?? 0));
  if (out.some((dim) => dim < 0)) throw misfit(node, inputs, 'the pads take away more than there is');
  return one(type, out);
};

const depthToSpace: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const block = intAttribute(node, 'blocksize', 1);
  const [batch = 0, depth = 0, height = 0, width = 0] = dims;
  if (dims.length !== 4 || depth % (block * block) !== 0)
    throw misfit(node, inputs, 'the depth does not fit the block');
  return one(type, [batch, depth / (block * block), height * block, width * block]);
};

const spaceToDepth: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const block = intAttribute(node, 'blocksize', 1);
  const [batch = 0, depth = 0, height = 0, width = 0] = dims;
  const fits = dims.length === 4 && height % block === 0 && width % block === 0;
  if (!fits) throw misfit(node, inputs, 'the image does not fit the block');
  return one(type, [batch, depth * block * block, height / block, width / block]);
};

/** By scales (input 2) or by sizes (input 3), along all axes or those of the attribute. */
const resize: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const axes = (intsAttribute(node, 'axes') ?? dims.map((_, i) => i)).map((axis) =>
    frontAxis(node, inputs, axis, dims.length),
  );
  const policy = stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch');
  if (policy !== 'stretch') throw misfit(node, inputs, `keep_aspect_ratio_policy ${policy} is not supported`);
  const sizes = known(node, inputs, 3) ?? [];
  const scales = sizes.length > 0 ? [] : (known(node, inputs, 2) ?? []);
  if (Math.max(sizes.length, scales.length) !== axes.length) throw misfit(node, inputs, 'no size for every axis');
  const out = [...dims];
  axes.forEach((axis, i) => {
    out[axis] = sizes[i] ?? Math.floor((dims[axis] ?? 0) * (scales[i] ?? 1));
  });
  return one(type, out);
};

export const shapes: InferTable = {
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expand,
  Tile: tile,
  Shape: shape,
  Size: size,
  Pad: pad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Resize: resize,
};
