/**
 * Gradients of matrix products. For a product with a weight matrix, the tokens are flattened and each gradient is one Gemm on transposed operands,
 * which copies nothing. A batched product multiplies by a swapped operand, which onnxruntime fuses into the product.
 */

import type { Builder } from '../../onnx/graph/builder.ts';
import type { Value } from '../../onnx/graph/value.ts';
import { float, floatAttribute, int, intAttribute } from '../../onnx/graph/graph.ts';
import { sizeOf } from '../../onnx/graph/tensor.ts';
import type { GradientRule, RuleTable } from '../rule.ts';
import { dimOf, input, mul, one, reshape, swapLast } from './common.ts';

/** Y = A·B over the last two axes: dA = G·Bᵀ, dB = Aᵀ·G. A one-dimensional A is a row, a one-dimensional B a column. */
const matMulRule: GradientRule = one((context, g, left, y) => {
  const { b, needs } = context;
  const right = input(context, 1);
  const a = left.dims.length === 1 ? reshape(b, left, [1, ...left.dims]) : left;
  const w = right.dims.length === 1 ? reshape(b, right, [...right.dims, 1]) : right;
  const batch = y.dims.slice(0, y.dims.length - (left.dims.length > 1 ? 1 : 0) - (right.dims.length > 1 ? 1 : 0));
  const gradient = reshape(b, g, [...batch, dimOf(a, -2), dimOf(w, -1)]);
  const isMatrix = sizeOf(w.dims.slice(0, -2)) === 1;
  const product = isMatrix ? byMatrix : byBatch;
  const { da, db } = product(b, gradient, a, w, needs);
  // The extra axis of a row or column is removed; the loop sums over the batch.
  const unrow = da && left.dims.length === 1 ? reshape(b, da, [...da.dims.slice(0, -2), ...left.dims]) : da;
  const uncolumn = db && right.dims.length === 1 ? reshape(b, db, db.dims.slice(0, -1)) : db;
  return [unrow, uncolumn];
});

interface Products {
  readonly da: Value | undefined;
  readonly db: Value | undefined;
}

/** B is one matrix [K, N] for all rows of A: with A as [rows, K] and G as [rows, N], each gradient is one Gemm. */
function byMatrix(b: Builder, g: Value, a: Value, w: Value, needs: (i: number) => boolean): Products {
  const [k, n] = [dimOf(w, -2), dimOf(w, -1)];
  const rows = sizeOf(g.dims.slice(0, -1));
  const flat = reshape(b, g, [rows, n]);
  const da = (): Value => {
    const product = b.op('Gemm', [flat, reshape(b, w, [k, n])], { transB: int(1) });
    return reshape(b, product, [...g.dims.slice(0, -1), k]);
  };
  const db = (): Value => reshape(b, b.op('Gemm', [reshape(b, a, [rows, k]), flat], { transA: int(1) }), w.dims);
  return { da: needs(0) ? da() : undefined, db: needs(1) ? db() : undefined };
}

function byBatch(b: Builder, g: Value, a: Value, w: Value, needs: (i: number) => boolean): Products {
  return {
    da: needs(0) ? b.op('MatMul', [g, swapLast(b, w)]) : undefined,
    db: needs(1) ? b.op('MatMul', [swapLast(b, a), g]) : undefined,
  };
}

/** Y = α·op(A)·op(B) + β·C, where op may transpose: dA = α·G·op(B)ᵀ, dB = α·op(A)ᵀ·G, dC = β·G. */
const gemmRule: GradientRule = one((context, g, a) => {
  const { b, node, needs } = context;
  const w = input(context, 1);
  const transA = intAttribute(node, 'transA', 0);
  const transB = intAttribute(node, 'transB', 0);
  const alpha = float(floatAttribute(node, 'alpha', 1));
  const beta = floatAttribute(node, 'beta', 1);
  const gemm = (left: Value, right: Value, transLeft: number, transRight: number): Value =>
    b.op('Gemm', [left, right], { alpha, transA: int(transLeft), transB: int(transRight) });
  const da = (): Value => (transA ? gemm(w, g, transB, 1) : gemm(g, w, 0, 1 - transB));
  const db = (): Value => (transB ? gemm(g, a, 1, transA) : gemm(a, g, 1 - transA, 0));
  const dc = beta === 1 ? g : needs(2) ? mul(b, g, beta) : undefined;
  return [needs(0) ? da() : undefined, needs(1) ? db() : undefined, dc];
});

export const matmul: RuleTable = { MatMul: matMulRule, Gemm: gemmRule };
