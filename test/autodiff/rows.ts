/** Every way to use an operator that its gradient rule must get right: shapes, broadcasting, attributes. */

import { float, int, string, type Attributes } from '../../src/onnx/graph/graph.ts';
import { constant, type Row } from './gradientCheck.ts';
import { movementRows } from './movementRows.ts';
import { axisOf, row, lists, type Options } from './row.ts';
import { windowRows } from './windowRows.ts';

/** Inputs of a domain: positive, or away from 0, or away from the bends at ±1 and ±3. */
const positive = (x: number): number => 0.3 + Math.abs(x);
const nonZero = (x: number): number => x + 0.3 * Math.sign(x);
const offUnits = (x: number): number => Math.floor(4 * x) + 0.5 + 0.2 * Math.sin(x);

const float32 = { precision: 'float32' } as const;

/** An operator of one number, on a matrix. */
const unary = (op: string, options: Options = {}, attributes: Attributes = {}, title = 'matrix'): Row =>
  row(op, title, '3x5', attributes, options);

/** A two-sided operator with every kind of broadcasting. */
const binary = (op: string, options: Options = {}): Row[] => [
  row(op, 'same shapes', '3x5 3x5', {}, options),
  row(op, 'right is a vector', '2x3x5 5', {}, options),
  row(op, 'left is a scalar', 'scalar 3x5', {}, options),
  row(op, 'both broadcast', '2x1x5 3x1', {}, options),
];

/** A reduction over several choices of axes. */
const reduction = (op: string, options: Options = {}): Row[] => {
  const over = (axes: readonly number[]): Options => ({ ...options, operands: (b, x) => [...x, b.ints(axes)] });
  return [
    row(op, 'last axis, dropped', '2x3x4', { keepdims: int(0) }, over([-1])),
    row(op, 'two axes, kept', '2x3x4', { keepdims: int(1) }, over([0, 2])),
    row(op, 'all axes', '2x3x4', { keepdims: int(0) }, options),
  ];
};

const arithmetic: Row[] = [
  ...binary('Add'),
  ...binary('Sub'),
  ...binary('Mul'),
  ...binary('Div', { domain: nonZero }),
  row('Pow', 'learned exponent', '3x5 5', {}, { domain: positive }),
  ...[2, 3, 0.5, -1, 4].map((exponent) =>
    row(
      'Pow',
      `constant exponent ${exponent}`,
      '3x5',
      {},
      {
        domain: positive,
        operands: (b, x, precision) => [...x, constant(b, precision, [exponent], [])],
      },
    ),
  ),
  row(
    'Pow',
    'square of negative numbers',
    '3x5',
    {},
    {
      operands: (b, x, precision) => [...x, constant(b, precision, [2], [])],
    },
  ),
  row(
    'Pow',
    'constant exponents by column',
    '3x2',
    {},
    {
      domain: positive,
      operands: (b, x, precision) => [...x, constant(b, precision, [2, 0.5])],
    },
  ),
  ...binary('Max'),
  ...binary('Min'),
  row('Max', 'three inputs', '3x5 5 3x1'),
  row('Min', 'one input', '3x5'),
  row('Sum', 'three inputs', '3x5 5 3x1'),
  row('Mean', 'three inputs', '3x5 5 3x1', {}, float32),
  row(
    'Where',
    'both sides broadcast',
    '3x1 5',
    {},
    {
      operands: (b, x) => [b.constant({ type: 'bool', dims: [5], data: Uint8Array.from([1, 0, 0, 1, 1]) }), ...x],
    },
  ),
  unary('Clip', { operands: (b, x, p) => [...x, constant(b, p, [-0.5], []), constant(b, p, [0.8], [])] }),
  unary('Clip', { operands: (b, x, p) => [...x, undefined, constant(b, p, [0.1], [])] }, {}, 'only a maximum'),
  unary('Cast', {}, { to: int(1) }, 'to float32'),
  unary('Identity'),
  unary('Dropout', float32),
  unary('Neg'),
  unary('Abs', { domain: nonZero }),
  unary('Sqrt', { domain: positive }),
  unary('Exp'),
  unary('Log', { domain: positive }),
  unary('Reciprocal', { domain: nonZero }),
  unary('Sin'),
  unary('Cos', float32),
];

const activation: Row[] = [
  unary('Erf', float32),
  unary('Sigmoid'),
  unary('Tanh'),
  unary('Gelu', float32),
  unary('Gelu', float32, { approximate: string('tanh') }, 'tanh approximation'),
  unary('Relu', { domain: nonZero }),
  unary('LeakyRelu', { ...float32, domain: nonZero }, { alpha: float(0.3) }),
  row('PRelu', 'slope by channel', '2x3x4 3x1', {}, { ...float32, domain: nonZero }),
  unary('Elu', { ...float32, domain: nonZero }, { alpha: float(1.5) }),
  unary('Softplus', float32),
  unary('HardSigmoid', { ...float32, domain: offUnits }, { alpha: float(0.25), beta: float(0.4) }),
  unary('HardSwish', { ...float32, domain: offUnits }),
  row('Softmax', 'last axis', '2x3x5', axisOf(-1)),
  row('Softmax', 'inner axis', '2x3x5', axisOf(1)),
  row('LogSoftmax', 'last axis', '2x3x5', axisOf(-1)),
  row('LogSoftmax', 'inner axis', '2x3x5', axisOf(1)),
];

const products: Row[] = [
  row('MatMul', 'matrices', '3x4 4x5'),
  row('MatMul', 'tokens by a matrix', '2x3x4 4x5'),
  row('MatMul', 'tokens by a matrix of rank 3', '2x3x4 1x4x5'),
  row('MatMul', 'a matrix by a batch', '3x4 2x4x5'),
  row('MatMul', 'a matrix by a batch of one', '3x4 1x4x5'),
  row('MatMul', 'heads', '2x3x4x5 2x3x5x2'),
  row('MatMul', 'batches broadcast', '2x1x4x5 3x5x2'),
  row('MatMul', 'two vectors', '4 4'),
  row('MatMul', 'vector by matrix', '4 4x5'),
  row('MatMul', 'vector by batch', '4 2x4x5'),
  row('MatMul', 'batch by vector', '2x3x4 4'),
  row('Gemm', 'plain', '3x4 4x5 5'),
  row('Gemm', 'A transposed', '4x3 4x5 3x1', { transA: int(1), alpha: float(0.5) }),
  row('Gemm', 'B transposed', '3x4 5x4 3x5', { transB: int(1), beta: float(2) }),
  row('Gemm', 'both transposed', '4x3 5x4', { transA: int(1), transB: int(1), alpha: float(1.5) }),
  row('Einsum', 'linear layer', '2x3x4 5x4', { equation: string('btk,nk->btn') }),
  row('Einsum', 'attention scores', '2x3x2x4 2x5x2x4', { equation: string('bihd,bjhd->bhij') }),
  row('Einsum', 'a letter summed alone', '3x4 4x5', { equation: string('ij,jk->k') }),
  row('Einsum', 'one input, transposed and summed', '3x4x2', { equation: string('ijk->kj') }),
  row('Einsum', 'three inputs', '2x3 3x4 4x2', { equation: string('ab,bc,cd->ad') }),
  row('Einsum', 'implicit result', '3x4 4x2', { equation: string('ij,jk') }),
  row('Einsum', 'ellipsis, broadcast', '2x3x4 1x4x5', { equation: string('...ij,...jk->...ik') }),
];

const normalization: Row[] = [
  row('LayerNormalization', 'last axis', '2x3x8 8 8', {}, float32),
  row('LayerNormalization', 'two axes, no bias', '3x2x4 2x4', { axis: int(1), epsilon: float(0.1) }, float32),
  row('LayerNormalization', 'scale by last axis only', '3x2x4 4 2x1', { axis: int(-2) }, float32),
  row('InstanceNormalization', 'sound', '2x3x9 3 3', { epsilon: float(0.01) }, float32),
  row('InstanceNormalization', 'images', '2x3x3x4 3 3', {}, float32),
  row('BatchNormalization', 'everything learned', '2x3x4 3 3 3 3', {}, { domain: positive }),
];

const reductions: Row[] = [
  ...reduction('ReduceSum'),
  row('ReduceSum', 'no axes, nothing to do', '2x3', { noop_with_empty_axes: int(1) }),
  ...reduction('ReduceMean'),
  ...reduction('ReduceMax'),
  ...reduction('ReduceMin'),
  ...reduction('ReduceProd', { ...float32, domain: positive }),
  ...reduction('ReduceL1', { ...float32, domain: nonZero }),
  ...reduction('ReduceL2'),
  ...reduction('ReduceSumSquare'),
  ...reduction('ReduceLogSum', { domain: positive }),
  ...reduction('ReduceLogSumExp'),
  row('CumSum', 'forward', '3x5', {}, { operands: (b, x) => [...x, b.int(1)] }),
  row(
    'CumSum',
    'exclusive and reversed',
    '3x5',
    { exclusive: int(1), reverse: int(1) },
    {
      operands: (b, x) => [...x, b.int(0)],
    },
  ),
  row('TopK', 'largest two', '3x5', axisOf(-1), { ...lists([2]), outputs: 2 }),
  row('TopK', 'smallest, first axis', '4x3', { axis: int(0), largest: int(0) }, { ...lists([2]), outputs: 2 }),
];

export const rows: readonly Row[] = [
  ...arithmetic,
  ...activation,
  ...products,
  ...normalization,
  ...reductions,
  ...movementRows,
  ...windowRows,
];
