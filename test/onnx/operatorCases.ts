/** Operators with small inputs, for comparing our shapes and elements with onnxruntime's. */

import { float, int, ints, string, type Attributes } from '../../src/onnx/graph/graph.ts';
import { float32, int64, sizeOf, toNumbers, type DataType, type Tensor } from '../../src/onnx/graph/tensor.ts';

export interface OperatorCase {
  readonly title: string;
  readonly opType: string;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly attributes: Attributes;
  /** Inputs whose elements decide the shape. */
  readonly known: readonly number[];
  readonly outputs: number;
}

type Settings = Partial<Pick<OperatorCase, 'attributes' | 'known' | 'outputs'>>;

function row(
  opType: string,
  title: string,
  inputs: readonly (Tensor | undefined)[],
  settings: Settings = {},
): OperatorCase {
  return { opType, title, inputs, attributes: {}, known: [], outputs: 1, ...settings };
}

/** Floats from −2 to 2 that are different and the same in every run. */
function f(...dims: readonly number[]): Tensor {
  return float32(
    Array.from({ length: sizeOf(dims) }, (_, i) => ((i * 37 + 11) % 64) / 16 - 2 + i / 1024),
    dims,
  );
}
/** Floats from 0.1 on. */
const positive = (...dims: readonly number[]): Tensor =>
  float32(
    toNumbers(f(...dims)).map((x) => Math.abs(x) + 0.1),
    dims,
  );
const of = (values: readonly number[], dims?: readonly number[]): Tensor => float32(values, dims);
const i64 = int64;
const i32 = (values: readonly number[], dims: readonly number[] = [values.length]): Tensor => ({
  type: 'int32',
  dims,
  data: Int32Array.from(values),
});
const bool = (values: readonly number[], dims: readonly number[] = [values.length]): Tensor => ({
  type: 'bool',
  dims,
  data: Uint8Array.from(values),
});
const scalar = (value: number): Tensor => float32([value], []);
const big = (value: bigint): Tensor => ({ type: 'int64', dims: [1], data: BigInt64Array.of(value) });
const typeNumber: Partial<Record<DataType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};
const to = (type: DataType): Settings => ({ attributes: { to: int(typeNumber[type] ?? 0) } });
const pairs = (opType: string, numbers: boolean): OperatorCase[] => [
  ...(numbers ? [row(opType, 'floats broadcast both ways', [f(2, 1, 3), f(4, 1)])] : []),
  ...(numbers ? [row(opType, 'integers', [i64([7, -7, 5, 0]), i64([2, 2, -3, 4])])] : []),
  ...(numbers ? [row(opType, '32-bit integers and a scalar', [i32([7, -7, 5, 0], [2, 2]), i32([3], [])])] : []),
];
const logic = (opType: string): OperatorCase =>
  row(opType, 'bools broadcast', [bool([0, 1, 0, 1], [2, 2]), bool([0, 1])]);
const unary = (opType: string, x: Tensor = f(3, 4), attributes: Attributes = {}): OperatorCase =>
  row(opType, 'floats', [x], { attributes });

const reductions = ['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'SumSquare', 'LogSum', 'LogSumExp'];

const elementwise: readonly OperatorCase[] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max'].flatMap((opType) => pairs(opType, true)),
  ...['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'].flatMap((opType) => pairs(opType, true)),
  ...['And', 'Or', 'Xor'].map(logic),
  row('Add', '64 bits wrap', [big(2n ** 63n - 1n), i64([1])]),
  row('Mul', '32 bits wrap', [i32([2 ** 30, -5]), i32([4, 2 ** 30])]),
  row('Equal', 'bools', [bool([0, 1]), bool([1, 1])]),
  row('Equal', 'large integers', [big(2n ** 53n + 1n), big(2n ** 53n)]),
  row('Mod', "integers have the divisor's sign", [i64([7, -7, 7, -7]), i64([3, 3, -3, -3])]),
  row('Mod', "as in C, the dividend's sign", [i64([7, -7, 7, -7]), i64([3, 3, -3, -3])], {
    attributes: { fmod: int(1) },
  }),
  row('Mod', 'floats', [f(4), of([0.75])], { attributes: { fmod: int(1) } }),
  row('Pow', 'floats', [positive(2, 3), f(3)]),
  row('Pow', 'integer exponent', [f(2, 3), i64([2])]),
  row('Sum', 'three', [f(2, 3), f(3), f(2, 1)]),
  row('Mean', 'three', [f(2, 3), f(3), f(2, 1)]),
  ...['Abs', 'Ceil', 'Cos', 'Elu', 'Erf', 'Exp', 'Floor', 'Gelu', 'HardSigmoid', 'HardSwish', 'LeakyRelu'].map((op) =>
    unary(op),
  ),
  ...['Neg', 'Relu', 'Sigmoid', 'Sign', 'Sin', 'Softplus', 'Softsign', 'Tanh', 'Selu', 'Celu', 'Mish', 'Tan'].map(
    (op) => unary(op),
  ),
  ...['Sinh', 'Cosh', 'Atan', 'Asinh', 'ThresholdedRelu', 'Shrink', 'Identity', 'Reciprocal'].map((op) => unary(op)),
  ...['Log', 'Sqrt', 'Acosh'].map((op) => unary(op, of([1, 1.5, 2, 30]))),
  ...['Acos', 'Asin', 'Atanh'].map((op) => unary(op, of([-0.5, 0, 0.9]))),
  ...['Abs', 'Neg', 'Sign', 'Relu'].map((op) =>
    row(op, 'integers', [op === 'Relu' ? i32([-3, 0, 4]) : i64([-3, 0, 4])]),
  ),
  row('Round', 'ties go to the even neighbour', [of([0.5, 1.5, 2.5, -0.5, -1.5, 1.2, -1.7])]),
  row('IsNaN', 'some', [of([NaN, 1, Infinity])]),
  row('IsInf', 'both signs', [of([NaN, 1, Infinity, -Infinity])]),
  row('IsInf', 'negative only', [of([Infinity, -Infinity])], { attributes: { detect_positive: int(0) } }),
  row('Not', 'bools', [bool([0, 1, 1])]),
  row('Clip', 'both bounds', [f(3, 4), scalar(-0.5), scalar(1)]),
  row('Clip', 'upper bound only, integers', [i64([-5, 5]), undefined, i64([2], [])]),
  row('Where', 'broadcast', [bool([1, 0, 1], [3]), f(2, 1), f(1, 3)]),
  row('Where', 'integers', [bool([1, 0], [2, 1]), i64([7]), i64([1, 2, 3])]),
  row('PRelu', 'slope per channel', [f(2, 3, 4), f(3, 1)]),
  row('Cast', 'float to int64, towards zero', [of([1.9, -1.9, 0])], to('int64')),
  row('Cast', 'float to int32', [of([1.9, -1.9, 2e9])], to('int32')),
  row('Cast', 'float to bool', [of([0, -0, 0.5])], to('bool')),
  row('Cast', 'bool to float', [bool([0, 1])], to('float32')),
  row('Cast', 'bool to int64', [bool([0, 1])], to('int64')),
  row('Cast', 'int64 to int32 wraps', [i64([2 ** 31 + 5, -7])], to('int32')),
  row('Cast', 'int64 to float', [i64([3, -4])], to('float32')),
  row('Cast', 'int64 to bool', [i64([3, 0])], to('bool')),
  row('Cast', 'int32 to int64', [i32([3, -4])], to('int64')),
  row('Cast', 'int32 to uint8 wraps', [i32([3, 260])], to('uint8')),
  row('Cast', 'float to the same', [f(3)], to('float32')),
  row('CastLike', 'float to int64', [of([1.9, -1.9]), i64([1])]),
  row('Dropout', 'with its mask', [f(2, 3)], { outputs: 2 }),
  row('BitwiseAnd', 'integers', [i64([5, 6]), i64([3])]),
  row('BitwiseOr', 'integers', [i64([5, 6]), i64([3])]),
  row('BitwiseXor', 'integers', [i64([5, 6]), i64([3])]),
  row('BitwiseNot', 'integers', [i64([5, 6])]),
];

const products: readonly OperatorCase[] = [
  row('MatMul', 'matrices', [f(3, 4), f(4, 5)]),
  row('MatMul', 'batches broadcast', [f(2, 1, 3, 4), f(5, 4, 2)]),
  row('MatMul', 'vector and matrix', [f(4), f(2, 4, 5)]),
  row('MatMul', 'matrix and vector', [f(2, 3, 4), f(4)]),
  row('MatMul', 'two vectors', [f(4), f(4)]),
  row('Gemm', 'both transposed', [f(4, 3), f(5, 4), f(5)], { attributes: { transA: int(1), transB: int(1) } }),
  row('Gemm', 'without a bias', [f(3, 4), f(4, 5)]),
  row('Einsum', 'explicit', [f(2, 3, 4), f(2, 5, 4)], { attributes: { equation: string('bij,bkj->bik') } }),
  row('Einsum', 'implicit', [f(3, 4), f(4, 2)], { attributes: { equation: string('ij,jk') } }),
  row('Einsum', 'ellipsis', [f(2, 5, 3, 4), f(4, 6)], { attributes: { equation: string('...ij, jk -> ...ki') } }),
  row('Einsum', 'implicit with an ellipsis', [f(2, 3, 4), f(4, 6)], { attributes: { equation: string('...ij,jk') } }),
  row('Einsum', 'no axis left', [f(3), f(3)], { attributes: { equation: string('i,i->') } }),
];

const windows: readonly OperatorCase[] = [
  row('Conv', '1-D', [f(2, 3, 20), f(4, 3, 3), f(4)], { attributes: { strides: ints([2]), pads: ints([1, 2]) } }),
  row('Conv', 'groups and dilation', [f(1, 4, 20), f(6, 2, 3)], {
    attributes: { group: int(2), dilations: ints([3]) },
  }),
  row('Conv', '2-D, same upper', [f(1, 2, 7, 9), f(3, 2, 3, 3)], {
    attributes: { auto_pad: string('SAME_UPPER'), strides: ints([2, 3]) },
  }),
  row('Conv', 'valid', [f(1, 2, 7), f(3, 2, 4)], { attributes: { auto_pad: string('VALID'), strides: ints([2]) } }),
  row('ConvTranspose', '1-D with everything', [f(2, 4, 7), f(4, 3, 3)], {
    attributes: {
      strides: ints([2]),
      pads: ints([1, 0]),
      output_padding: ints([1]),
      dilations: ints([2]),
      group: int(2),
    },
  }),
  row('ConvTranspose', '2-D', [f(1, 2, 4, 5), f(2, 3, 2, 3)], { attributes: { strides: ints([2, 2]) } }),
  row('AveragePool', 'rounding down', [f(1, 2, 9)], { attributes: { kernel_shape: ints([2]), strides: ints([2]) } }),
  row('AveragePool', 'rounding up', [f(1, 2, 9)], {
    attributes: { kernel_shape: ints([2]), strides: ints([2]), ceil_mode: int(1) },
  }),
  row('AveragePool', 'a last window in the padding is left out', [f(1, 1, 5)], {
    attributes: { kernel_shape: ints([2]), strides: ints([3]), pads: ints([1, 1]), ceil_mode: int(1) },
  }),
  row('MaxPool', 'with places', [f(1, 2, 7, 8)], {
    attributes: { kernel_shape: ints([3, 2]), strides: ints([2, 2]), pads: ints([1, 0, 1, 0]) },
    outputs: 2,
  }),
  row('LpPool', '1-D', [f(1, 2, 9)], { attributes: { kernel_shape: ints([3]) } }),
  ...['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'].map((op) => unary(op, f(2, 3, 4, 5))),
];

const normalizations: readonly OperatorCase[] = [
  row('LayerNormalization', 'last axis', [f(2, 3, 4), f(4), f(4)]),
  row('LayerNormalization', 'two axes, with statistics', [f(2, 3, 4), f(3, 4)], {
    attributes: { axis: int(1) },
    outputs: 3,
  }),
  row('BatchNormalization', 'inference', [f(2, 3, 4), f(3), f(3), f(3), positive(3)]),
  row('InstanceNormalization', '1-D', [f(2, 3, 4), f(3), f(3)]),
  row('GroupNormalization', 'scale by group', [f(2, 6, 4), f(3), f(3)], { attributes: { num_groups: int(3) } }),
  row('LpNormalization', 'last axis', [f(2, 3)]),
  row('MeanVarianceNormalization', 'default axes', [f(2, 3, 4, 5)]),
  row('LRN', 'three channels', [f(1, 5, 2, 2)], { attributes: { size: int(3) } }),
  ...['Softmax', 'LogSoftmax', 'Hardmax'].map((op) =>
    row(op, 'axis 1', [f(2, 3, 4)], { attributes: { axis: int(1) } }),
  ),
];

const reducing: readonly OperatorCase[] = [
  ...reductions.flatMap((name) => [
    row(`Reduce${name}`, 'axes given', [positive(2, 3, 4), i64([-1, 0])], {
      known: [1],
      attributes: { keepdims: int(0) },
    }),
    row(`Reduce${name}`, 'all axes, kept', [positive(2, 3, 4)]),
  ]),
  ...['Sum', 'Max', 'Min', 'Prod'].map((name) =>
    row(`Reduce${name}`, 'integers', [i64([4, -2, 3, 5], [2, 2]), i64([1])], { known: [1] }),
  ),
  row('ReduceSum', 'no axes mean nothing', [f(2, 3)], { attributes: { noop_with_empty_axes: int(1) } }),
  row('ArgMax', 'last axis', [f(2, 5)], { attributes: { axis: int(-1) } }),
  row('ArgMax', 'ties give the first', [of([1, 3, 3, 2])], { attributes: { keepdims: int(0) } }),
  row('ArgMin', 'first axis, dropped', [f(3, 4)], { attributes: { keepdims: int(0) } }),
  row('TopK', 'two largest', [f(2, 5), i64([2])], { known: [1], outputs: 2 }),
  row('CumSum', 'second axis', [f(2, 4), i64([1], [])]),
  row('CumSum', 'reverse and exclusive', [i64([1, 2, 3, 4]), i64([0], [])], {
    attributes: { reverse: int(1), exclusive: int(1) },
  }),
  row('CumSum', 'exclusive', [f(2, 3), i64([-2], [])], { attributes: { exclusive: int(1) } }),
];

const movement: readonly OperatorCase[] = [
  row('Reshape', '0 and −1', [f(2, 3, 4), i64([0, -1])], { known: [1] }),
  row('Reshape', 'allowzero', [of([], [0, 3]), i64([3, 0])], { known: [1], attributes: { allowzero: int(1) } }),
  row('Flatten', 'axis 2', [f(2, 3, 4)], { attributes: { axis: int(2) } }),
  row('Flatten', 'axis −2', [f(2, 3, 4)], { attributes: { axis: int(-2) } }),
  row('Transpose', 'reversed by default', [f(2, 3, 4)]),
  row('Transpose', 'perm', [f(2, 3, 4)], { attributes: { perm: ints([1, 2, 0]) } }),
  row('Squeeze', 'all', [f(1, 3, 1)]),
  row('Squeeze', 'one', [f(1, 3, 1), i64([-1])], { known: [1] }),
  row('Unsqueeze', 'two', [f(3, 4), i64([0, -1])], { known: [1] }),
  row('Expand', 'both ways', [f(3, 1), i64([2, 1, 4])], { known: [1] }),
  row('Tile', 'repeats', [f(2, 3), i64([2, 2])], { known: [1] }),
  row('Shape', 'whole', [f(2, 3, 4)]),
  row('Shape', 'part', [f(2, 3, 4)], { attributes: { start: int(-2), end: int(2) } }),
  row('Size', 'elements', [f(2, 3, 4)]),
  row('Pad', 'constant', [f(2, 3), i64([0, 1, 1, 2]), scalar(0.5)], { known: [1] }),
  row('Pad', 'some axes, negative', [f(2, 3), i64([1, -1]), undefined, i64([1])], { known: [1, 3] }),
  row('Pad', 'reflect', [f(2, 4), i64([0, 2, 0, 1])], { known: [1], attributes: { mode: string('reflect') } }),
  row('DepthToSpace', 'block 2', [f(1, 8, 2, 3)], { attributes: { blocksize: int(2) } }),
  row('SpaceToDepth', 'block 2', [f(1, 2, 4, 6)], { attributes: { blocksize: int(2) } }),
  row('Resize', 'by scales', [f(1, 2, 5), undefined, of([1, 1, 1.7])], { known: [2] }),
  row('Resize', 'by sizes', [f(1, 2, 5), undefined, undefined, i64([1, 2, 9])], { known: [3] }),
  row('Concat', 'three', [f(2, 1), f(2, 3), f(2, 2)], { attributes: { axis: int(-1) } }),
  row('Concat', 'integers', [i64([1, 2]), i64([3])], { attributes: { axis: int(0) } }),
  row('Split', 'lengths', [f(2, 5), i64([1, 4])], { known: [1], attributes: { axis: int(1) }, outputs: 2 }),
  row('Split', 'num_outputs, the last one shorter', [f(5, 2)], { attributes: { num_outputs: int(3) }, outputs: 3 }),
  row('Slice', 'to the end', [f(4, 5), i64([1]), { ...i64([0]), data: BigInt64Array.of(2n ** 63n - 1n) }, i64([1])], {
    known: [1, 2, 3],
  }),
  row(
    'Slice',
    'backwards',
    [f(4, 5), i64([-1]), { ...i64([0]), data: BigInt64Array.of(-(2n ** 63n) + 1n) }, i64([0]), i64([-2])],
    { known: [1, 2, 3, 4] },
  ),
  row('Slice', 'nothing', [f(4, 5), i64([3]), i64([2])], { known: [1, 2] }),
  row('Slice', 'steps', [f(4, 7), i64([1, 1]), i64([-1, 100]), i64([0, 1]), i64([1, 3])], { known: [1, 2, 3, 4] }),
  row('Gather', 'matrix of indices', [f(4, 3), i64([0, -1, 2, 1], [2, 2])], { attributes: { axis: int(0) } }),
  row('Gather', 'scalar index', [i64([5, 6, 7]), i64([1], [])]),
  row('Gather', 'inner axis', [f(2, 4, 3), i64([3, 0])], { attributes: { axis: int(1) } }),
  row('GatherElements', 'axis 1', [f(2, 4), i64([3, 0, -1, 1], [2, 2])], { attributes: { axis: int(1) } }),
  row('GatherND', 'pairs', [f(3, 4, 2), i64([0, 1, 2, -1], [2, 2])]),
  row('GatherND', 'batched', [f(2, 3, 4), i64([1, 2], [2, 1])], { attributes: { batch_dims: int(1) } }),
  row('ScatterND', 'rows', [f(4, 3), i64([2, 0], [2, 1]), f(2, 3)]),
  row('ScatterND', 'single elements', [i64([1, 2, 3, 4], [2, 2]), i64([0, 1, -1, 0], [2, 2]), i64([8, 9])]),
  row('ScatterND', 'added', [f(4), i64([2, 2], [2, 1]), f(2)], { attributes: { reduction: string('add') } }),
  row('ScatterElements', 'axis 1', [f(2, 4), i64([3, 0], [2, 1]), f(2, 1)], { attributes: { axis: int(1) } }),
  row('Trilu', 'upper', [f(3, 4)]),
  row('Trilu', 'lower, shifted', [i64([1, 2, 3, 4, 5, 6], [2, 3]), i64([1], [])], { attributes: { upper: int(0) } }),
  row('OneHot', 'last axis', [i64([0, 2, -1]), i64([3], []), of([0.5, 2])], { known: [1] }),
  row('OneHot', 'first axis, out of range', [i64([0, 5], [2]), i64([3], []), of([0, 1])], {
    known: [1],
    attributes: { axis: int(0) },
  }),
  row('NonZero', 'matrix', [f(2, 3)], { known: [0] }),
  row('NonZero', 'bools', [bool([0, 1, 1, 0], [2, 2])], { known: [0] }),
  row('Compress', 'along an axis', [f(3, 2), bool([1, 0, 1])], { known: [1], attributes: { axis: int(0) } }),
  row('Range', 'integers', [i64([2], []), i64([11], []), i64([3], [])], { known: [0, 1, 2] }),
  row('Range', 'floats down', [scalar(1), scalar(-1), scalar(-0.3)], { known: [0, 1, 2] }),
  row('ConstantOfShape', 'default', [i64([2, 3])], { known: [0] }),
  row('ConstantOfShape', 'bools', [i64([2])], {
    known: [0],
    attributes: { value: { type: 'tensor', value: bool([1]) } },
  }),
  row('Constant', 'tensor', [], { attributes: { value: { type: 'tensor', value: f(2, 2) } } }),
  row('Constant', 'int', [], { attributes: { value_int: int(7) } }),
  row('Constant', 'ints', [], { attributes: { value_ints: ints([7, 8]) } }),
  row('Constant', 'float', [], { attributes: { value_float: float(0.1) } }),
  row('Constant', 'floats', [], { attributes: { value_floats: { type: 'floats', value: [0.1, 2] } } }),
  row('EyeLike', 'square', [f(3, 3)]),
  row('RandomUniform', 'shape', [], { attributes: { shape: ints([2, 3]) } }),
  row('RandomNormal', 'shape', [], { attributes: { shape: ints([2, 3]) } }),
  row('RandomUniformLike', 'float', [f(2, 3)]),
  row('RandomNormalLike', 'float', [f(2, 3)]),
  row('Bernoulli', 'float', [of([0.5, 0.25])]),
  row('ReverseSequence', 'time first', [f(4, 2), i64([2, 4])]),
];

const others: readonly OperatorCase[] = [
  row('LSTM', 'two directions', [f(5, 2, 3), f(2, 16, 3), f(2, 16, 4)], {
    attributes: { hidden_size: int(4), direction: string('bidirectional') },
    outputs: 3,
  }),
  row('GRU', 'forward', [f(5, 2, 3), f(1, 12, 3), f(1, 12, 4)], { attributes: { hidden_size: int(4) }, outputs: 2 }),
  row('RNN', 'forward', [f(5, 2, 3), f(1, 4, 3), f(1, 4, 4)], { attributes: { hidden_size: int(4) }, outputs: 2 }),
  row('DFT', 'one-sided', [f(2, 8, 1)], { attributes: { onesided: int(1) } }),
  row('DFT', 'longer than the signal', [f(1, 6, 1), i64([8], [])], { known: [1] }),
  row('STFT', 'with a window', [f(1, 32, 1), i64([4], []), positive(8)], { known: [1] }),
  row('STFT', 'with a length', [f(1, 32, 1), i64([4], []), undefined, i64([16], [])], {
    known: [1, 3],
    attributes: { onesided: int(0) },
  }),
  row('QuantizeLinear', 'uint8', [f(2, 3), scalar(0.1), { type: 'uint8', dims: [], data: Uint8Array.of(100) }]),
  row('DequantizeLinear', 'uint8', [{ type: 'uint8', dims: [2], data: Uint8Array.of(100, 7) }, scalar(0.1)]),
  row('MatMulInteger', 'uint8', [
    { type: 'uint8', dims: [1, 2], data: Uint8Array.of(100, 7) },
    { type: 'uint8', dims: [2, 1], data: Uint8Array.of(3, 7) },
  ]),
  row('ConvInteger', 'uint8', [
    { type: 'uint8', dims: [1, 1, 3, 3], data: Uint8Array.from({ length: 9 }, (_, i) => i) },
    { type: 'uint8', dims: [1, 1, 2, 2], data: Uint8Array.of(1, 2, 3, 4) },
  ]),
  row(
    'BitShift',
    'left',
    [
      { type: 'uint32', dims: [2], data: Uint32Array.of(1, 2) },
      { type: 'uint32', dims: [1], data: Uint32Array.of(3) },
    ],
    { attributes: { direction: string('LEFT') } },
  ),
];

export const operatorCases: readonly OperatorCase[] = [
  ...elementwise,
  ...products,
  ...windows,
  ...normalizations,
  ...reducing,
  ...movement,
  ...others,
];
