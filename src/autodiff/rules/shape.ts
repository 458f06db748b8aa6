/** Gradients of operators that move elements without changing them. */

import type { Builder } from '../../onnx/graph/builder.ts';
import type { Value } from '../../onnx/graph/value.ts';
import { int, intAttribute, intsAttribute, stringAttribute } from '../../onnx/graph/graph.ts';
import { sliceSteps } from '../../onnx/infer/indexing.ts';
import { sizeOf } from '../../onnx/graph/tensor.ts';
import type { GradientRule, RuleTable } from '../rule.ts';
import { dimOf, fromFront, numbers, one, reshape, slice, transpose, zeros } from './common.ts';

/** The same elements in the input's shape: Reshape, Flatten, Squeeze, Unsqueeze. */
const reshapeRule: GradientRule = one(({ b }, g, x) => [reshape(b, g, x.dims)]);

/** The inverse permutation; without one, ONNX reverses the axes. */
const transposeRule: GradientRule = one(({ b, node }, g, x) => {
  const perm = intsAttribute(node, 'perm') ?? x.dims.map((_, i) => x.dims.length - 1 - i);
  return [
    transpose(
      b,
      g,
      perm.map((_, axis) => perm.indexOf(axis)),
    ),
  ];
});

/** Each input gets its part: by one Split if all need theirs, otherwise by slices. */
const concatRule: GradientRule = one(({ b, node, inputs, needs }, g) => {
  const axis = fromFront(intAttribute(node, 'axis', 0), g.dims.length);
  const sizes = inputs.map((value) => (value ? dimOf(value, axis) : 0));
  if (inputs.every((_, i) => needs(i))) {
    return b.ops('Split', [g, b.ints(sizes)], sizes.length, { axis: int(axis) });
  }
  let start = 0;
  return sizes.map((size, i) => {
    start += size;
    return needs(i) ? slice(b, g, [axis], [start - size], [start]) : undefined;
  });
});

/** The parts side by side, with zeros for parts without a gradient. */
const splitRule: GradientRule = ({ b, node, outputs }, gradients) => {
  const parts = outputs.map((output, i) => gradients[i] ?? zeros(b, output.dims));
  return [b.op('Concat', parts, { axis: int(intAttribute(node, 'axis', 0)) })];
};

/** The sum over the copies: each repeated axis is split into (copies, size), and summed over the copies. */
const tileRule: GradientRule = one((context, g, x) => {
  const { b } = context;
  const repeats = numbers(context, 1) ?? [];
  const split = reshape(
    b,
    g,
    x.dims.flatMap((dim, i) => [repeats[i] ?? 1, dim]),
  );
  const copies = x.dims.map((_, i) => 2 * i);
  return [b.op('ReduceSum', [split, b.ints(copies)], { keepdims: int(0) })];
});

/** The same triangle of the gradient. */
const triluRule: GradientRule = one(({ b, node, inputs }, g) => [
  b.op('Trilu', [g, inputs[1]], { upper: int(intAttribute(node, 'upper', 1)) }),
]);

/** Depth [N, C·s², H, W] to space [N, C, H·s, W·s], inverted. In mode DCR the blocks come before the channels, in CRD behind. */
const depthToSpaceRule: GradientRule = one(({ b, node }, g, x) => {
  const size = intAttribute(node, 'blocksize', 1);
  const [n = 1, depth = 1, height = 1, width = 1] = x.dims;
  const blocks = reshape(b, g, [n, depth / (size * size), height, size, width, size]);
  const columnsFirst = stringAttribute(node, 'mode', 'DCR') === 'CRD';
  return [reshape(b, transpose(b, blocks, columnsFirst ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]), x.dims)];
});

/** Space to depth [N, s²·C, H/s, W/s], inverted. */
const spaceToDepthRule: GradientRule = one(({ b, node }, g, x) => {
  const size = intAttribute(node, 'blocksize', 1);
  const [n = 1, channels = 1, height = 1, width = 1] = x.dims;
  const blocks = reshape(b, g, [n, size, size, channels, height / size, width / size]);
  return [reshape(b, transpose(b, blocks, [0, 3, 4, 1, 5, 2]), x.dims)];
});

/** Gradient of a part of `x`: zeros around it. Along each axis the part starts at `starts` and takes every `steps`-th element. */
export function placed(
  b: Builder,
  part: Value,
  dims: readonly number[],
  starts: readonly number[],
  steps: readonly number[],
): Value {
  let spread = part;
  const begins = [...starts];
  for (const [axis, step] of steps.entries()) {
    const count = spread.dims[axis] ?? 1;
    if (step < 0) {
      spread = slice(b, spread, [axis], [-1], [-count - 1], [-1]);
      begins[axis] = (starts[axis] ?? 0) + (count - 1) * step;
    }
    if (Math.abs(step) !== 1 && count > 1) spread = insertZeros(b, spread, axis, Math.abs(step));
  }
  const ends = dims.map((dim, axis) => dim - (begins[axis] ?? 0) - (spread.dims[axis] ?? 1));
  return pad(b, spread, begins, ends);
}

/** Puts `step − 1` zeros between neighbours along an axis. */
function insertZeros(b: Builder, value: Value, axis: number, step: number): Value {
  const { dims } = value;
  const count = dims[axis] ?? 1;
  const columns = reshape(b, value, [sizeOf(dims.slice(0, axis)), count, 1, sizeOf(dims.slice(axis + 1))]);
  const padded = pad(b, columns, [0, 0, 0, 0], [0, 0, step - 1, 0]);
  const spread = reshape(b, padded, [...dims.slice(0, axis), count * step, ...dims.slice(axis + 1)]);
  return slice(b, spread, [axis], [0], [(count - 1) * step + 1]);
}

/** Zeros before and behind each axis. */
export function pad(b: Builder, value: Value, begins: readonly number[], ends: readonly number[]): Value {
  const none = [...begins, ...ends].every((count) => count === 0);
  return none ? value : b.op('Pad', [value, b.ints([...begins, ...ends])]);
}

/** Zeros everywhere outside the slice. */
const sliceRule: GradientRule = one(({ b, node, inputs }, g, x) => {
  const { starts, steps } = sliceSteps(node, inputs);
  return [placed(b, g, x.dims, starts, steps)];
});

export const shape: RuleTable = {
  Reshape: reshapeRule,
  Flatten: reshapeRule,
  Squeeze: reshapeRule,
  Unsqueeze: reshapeRule,
  Transpose: transposeRule,
  Concat: concatRule,
  Split: splitRule,
  Slice: sliceRule,
  // The loop sums over the repeats.
  Expand: one((_context, g) => [g]),
  Tile: tileRule,
  Trilu: triluRule,
  DepthToSpace: depthToSpaceRule,
  SpaceToDepth: spaceToDepthRule,
};
