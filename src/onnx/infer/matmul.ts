/** Shapes of matrix products. */

import { intAttribute, stringAttribute, type Node } from '../graph/graph.ts';
import { broadcast, misfit, one, required, sameTypes, type Infer, type InferTable } from './common.ts';
import { parseEinsum } from './einsum.ts';

/** NumPy's matmul: a vector gets an axis for the product, which is removed from the result. */
const matMul: Infer = (node, inputs) => {
  const left = required(node, inputs, 0).dims;
  const right = required(node, inputs, 1).dims;
  const type = sameTypes(node, inputs);
  return one(type, matMulDims(node, inputs, left, right));
};

const matMulInteger: Infer = (node, inputs) =>
  one('int32', matMulDims(node, inputs, required(node, inputs, 0).dims, required(node, inputs, 1).dims));

const gemm: Infer = (node, inputs) => {
  const a = swapped(node, 'transA', required(node, inputs, 0).dims);
  const b = swapped(node, 'transB', required(node, inputs, 1).dims);
  const type = sameTypes(node, inputs);
  if (a.length !== 2 || b.length !== 2 || a[1] !== b[0]) throw misfit(node, inputs, 'the matrices do not fit');
  const dims = [a[0] ?? 0, b[1] ?? 0];
  const bias = inputs[2];
  if (bias && broadcast(node, inputs, [dims, bias.dims]).some((dim, i) => dim !== dims[i])) {
    throw misfit(node, inputs, 'the bias does not broadcast to the product');
  }
  return one(type, dims);
};

const einsum: Infer = (node, inputs) => {
  const type = sameTypes(node, inputs);
  const shapes = inputs.map((_, i) => required(node, inputs, i).dims);
  const { terms, output } = parseEinsum(stringAttribute(node, 'equation', ''), shapes);
  const sizes = new Map<string, number>();
  terms.forEach((term, i) => {
    if (term.length !== shapes[i]?.length) throw misfit(node, inputs, `the equation does not fit input ${i}`);
    term.forEach((letter, axis) => {
      const dim = shapes[i]?.[axis] ?? 1;
      const before = sizes.get(letter) ?? 1;
      if (before !== 1 && dim !== 1 && before !== dim) throw misfit(node, inputs, `"${letter}" has two lengths`);
      sizes.set(letter, before === 1 ? dim : before);
    });
  });
  return one(
    type,
    output.map((letter) => {
      const size = sizes.get(letter);
      if (size === undefined) throw misfit(node, inputs, `"${letter}" is in no input`);
      return size;
    }),
  );
};

export const matmul: InferTable = {
  MatMul: matMul,
  MatMulInteger: matMulInteger,
  Gemm: gemm,
  Einsum: einsum,
};

function matMulDims(
  node: Node,
  inputs: Parameters<Infer>[1],
  left: readonly number[],
  right: readonly number[],
): number[] {
  if (left.length === 0 || right.length === 0) throw misfit(node, inputs, 'a scalar cannot be multiplied as a matrix');
  const a = left.length === 1 ? [1, ...left] : left;
  const b = right.length === 1 ? [...right, 1] : right;
  if (a.at(-1) !== b.at(-2)) throw misfit(node, inputs, 'the matrices do not fit');
  return [
    ...broadcast(node, inputs, [a.slice(0, -2), b.slice(0, -2)]),
    ...(left.length === 1 ? [] : a.slice(-2, -1)),
    ...(right.length === 1 ? [] : b.slice(-1)),
  ];
}

function swapped(node: Node, flag: string, dims: readonly number[]): readonly number[] {
  return intAttribute(node, flag, 0) === 0 ? dims : dims.toReversed();
}
