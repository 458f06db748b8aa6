/** Inputs, outputs and attributes that ONNX's operators require in opsets 13 to 23. Written by scripts/onnx/schemas.py; change it there. */

export interface Schema {
  readonly inputs: readonly [least: number, most: number];
  readonly outputs: readonly [least: number, most: number];
}

/** The minimum and maximum number of inputs and of outputs, and the operators with these numbers. */
const rows = `
0 0 1 1 Constant RandomNormal RandomUniform SequenceEmpty
0 1 1 1 Optional OptionalHasElement
1 1 1 1 Abs Acos Acosh ArgMax ArgMin Asin Asinh Atan Atanh AveragePool Bernoulli BitwiseNot BlackmanWindow Cast Ceil
1 1 1 1 Celu ConcatFromSequence ConstantOfShape Cos Cosh DepthToSpace Det Elu Erf Exp EyeLike Flatten Floor Gelu
1 1 1 1 GlobalAveragePool GlobalLpPool GlobalMaxPool HammingWindow HannWindow HardSigmoid HardSwish Hardmax Identity
1 1 1 1 ImageDecoder IsInf IsNaN LRN LeakyRelu Log LogSoftmax LpNormalization LpPool MeanVarianceNormalization Mish
1 1 1 1 Multinomial Neg NonZero Not OptionalGetElement RandomNormalLike RandomUniformLike Reciprocal RegexFullMatch Relu
1 1 1 1 Round Selu SequenceLength Shape Shrink Sigmoid Sign Sin Sinh Size Softmax Softplus Softsign SpaceToDepth Sqrt
1 1 1 1 StringNormalizer Tan Tanh TfIdfVectorizer ThresholdedRelu Transpose
1 1 1 2 MaxPool
1 1 1 4 Unique
1 1 1 Infinity If
1 1 2 2 StringSplit
1 1 3 3 DynamicQuantizeLinear
1 2 1 1 ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
1 2 1 1 ReduceSumSquare SequenceErase SplitToSequence Squeeze Trilu
1 2 1 Infinity Split
1 3 1 1 Clip DFT
1 3 1 2 Dropout
1 4 1 1 Resize
1 Infinity 1 1 Concat Einsum Max Mean Min SequenceConstruct Sum
1 Infinity 1 Infinity Scan SequenceMap
2 2 1 1 Add AffineGrid And BitShift BitwiseAnd BitwiseOr BitwiseXor CastLike CenterCropPad Compress CumSum Div Equal
2 2 1 1 Expand Gather GatherElements GatherND Greater GreaterOrEqual GridSample Less LessOrEqual MatMul MaxRoiPool Mod
2 2 1 1 Mul Or PRelu Pow RMSNormalization Reshape ReverseSequence SequenceAt StringConcat Sub Tile Unsqueeze Xor
2 2 2 2 TopK
2 3 1 1 Conv ConvTranspose DequantizeLinear Gemm MaxUnpool NegativeLogLikelihoodLoss QuantizeLinear SequenceInsert
2 3 1 2 SoftmaxCrossEntropyLoss
2 3 1 3 LayerNormalization
2 4 1 1 ConvInteger MatMulInteger Pad STFT
2 5 1 1 NonMaxSuppression
2 Infinity 1 Infinity Loop
3 3 1 1 Col2Im GroupNormalization InstanceNormalization OneHot Range RoiAlign ScatterElements ScatterND Where
3 4 1 1 RotaryEmbedding
3 5 1 1 DeformConv Slice
3 6 0 2 GRU RNN
3 6 1 4 Attention
3 8 0 3 LSTM
5 5 1 1 MelWeightMatrix
5 5 1 5 BatchNormalization
8 8 1 1 QLinearMatMul
8 9 1 1 QLinearConv
`;

/** The numbers by operator. Operators that are missing here are not checked. */
export const schemas: ReadonlyMap<string, Schema> = new Map(
  rows
    .trim()
    .split('\n')
    .flatMap((row) => {
      const [leastIn, mostIn, leastOut, mostOut, ...operators] = row.split(' ');
      const schema: Schema = {
        inputs: [Number(leastIn), Number(mostIn)],
        outputs: [Number(leastOut), Number(mostOut)],
      };
      return operators.map((operator) => [operator, schema] as const);
    }),
);

/** Required attributes by operator. */
export const requiredAttributes: Readonly<Record<string, readonly string[]>> = {
  AveragePool: ['kernel_shape'],
  BitShift: ['direction'],
  Cast: ['to'],
  Concat: ['axis'],
  ConcatFromSequence: ['axis'],
  DepthToSpace: ['blocksize'],
  Einsum: ['equation'],
  GroupNormalization: ['num_groups'],
  If: ['else_branch', 'then_branch'],
  LRN: ['size'],
  Loop: ['body'],
  LpPool: ['kernel_shape'],
  MaxPool: ['kernel_shape'],
  MaxRoiPool: ['pooled_shape'],
  MaxUnpool: ['kernel_shape'],
  RandomNormal: ['shape'],
  RandomUniform: ['shape'],
  Scan: ['body', 'num_scan_inputs'],
  SequenceMap: ['body'],
  SpaceToDepth: ['blocksize'],
  TfIdfVectorizer: ['max_gram_length', 'max_skip_count', 'min_gram_length', 'mode', 'ngram_counts', 'ngram_indexes'],
};
