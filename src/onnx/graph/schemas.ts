/** What ONNX's operators require in operator sets 13 to 23: how many inputs and outputs, and which attributes. */

export interface Schema {
  readonly inputs: readonly [least: number, most: number];
  readonly outputs: readonly [least: number, most: number];
}

/** Operators of speech models and of their gradients, grouped by their counts (onnx/docs/Operators.md). */
const groups: readonly (readonly [Schema['inputs'], Schema['outputs'], string])[] = [
  [[0, 0], [1, 1], 'Constant RandomNormal RandomUniform'],
  [[1, Infinity], [1, Infinity], 'Scan'],
  [[1, Infinity], [1, 1], 'Concat Einsum Max Mean Min Sum'],
  [[1, 1], [1, Infinity], 'If'],
  [
    [1, 1],
    [1, 1],
    'Abs Acos Acosh ArgMax ArgMin Asin Asinh Atan Atanh AveragePool Bernoulli BitwiseNot Cast Ceil Celu ConstantOfShape Cos Cosh ' +
      'DepthToSpace Elu Erf Exp EyeLike Flatten Floor Gelu GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish Hardmax Identity ' +
      'IsInf IsNaN LRN LeakyRelu Log LogSoftmax LpNormalization LpPool Mish Neg NonZero Not RandomNormalLike RandomUniformLike ' +
      'Reciprocal Relu Round Selu Shape Sigmoid Sign Sin Sinh Size Softmax Softplus Softsign SpaceToDepth Sqrt Tan Tanh Transpose',
  ],
  [[1, 1], [1, 2], 'MaxPool'],
  [[1, 2], [1, Infinity], 'Split'],
  [
    [1, 2],
    [1, 1],
    'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Squeeze Trilu',
  ],
  [[1, 3], [1, 1], 'Clip DFT'],
  [[1, 3], [1, 2], 'Dropout'],
  [[1, 4], [1, 1], 'Resize'],
  [[0, Infinity], [1, Infinity], 'Loop'],
  [
    [2, 2],
    [1, 1],
    'Add And BitShift BitwiseAnd BitwiseOr BitwiseXor CastLike Compress CumSum Div Equal Expand Gather GatherElements GatherND ' +
      'Greater GreaterOrEqual Less LessOrEqual MatMul Mod Mul Or PRelu Pow RMSNormalization Reshape Sub Tile Unsqueeze Xor',
  ],
  [[2, 2], [2, 2], 'TopK'],
  [[2, 3], [1, 1], 'Conv ConvTranspose DequantizeLinear Gemm QuantizeLinear'],
  [[2, 3], [1, 3], 'LayerNormalization'],
  [[2, 4], [1, 1], 'ConvInteger MatMulInteger Pad STFT'],
  [[3, 3], [1, 1], 'Col2Im GroupNormalization InstanceNormalization OneHot Range ScatterElements ScatterND Where'],
  [[3, 4], [1, 1], 'RotaryEmbedding'],
  [[3, 5], [1, 1], 'Slice'],
  [[3, 6], [0, 2], 'GRU RNN'],
  [[3, 6], [1, 4], 'Attention'],
  [[3, 8], [0, 3], 'LSTM'],
  [[5, 5], [1, 5], 'BatchNormalization'],
];

/** By operator. Operators that are not here are not checked. */
export const schemas: ReadonlyMap<string, Schema> = new Map(
  groups.flatMap(([inputs, outputs, operators]) =>
    operators.split(' ').map((operator) => [operator, { inputs, outputs }] as const),
  ),
);

/** Attributes without which an operator means nothing. */
export const requiredAttributes: Readonly<Record<string, readonly string[]>> = {
  AveragePool: ['kernel_shape'],
  BitShift: ['direction'],
  Cast: ['to'],
  Concat: ['axis'],
  DepthToSpace: ['blocksize'],
  Einsum: ['equation'],
  GroupNormalization: ['num_groups'],
  If: ['then_branch', 'else_branch'],
  LRN: ['size'],
  Loop: ['body'],
  LpPool: ['kernel_shape'],
  MaxPool: ['kernel_shape'],
  RandomNormal: ['shape'],
  RandomUniform: ['shape'],
  Scan: ['body', 'num_scan_inputs'],
  SpaceToDepth: ['blocksize'],
};
