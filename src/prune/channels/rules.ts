/** Maps operators to the rules that pass the indices of input axes on to output axes. */

import type { ChannelAxes } from './axes.ts';
import type { ChannelRule, Visit } from './rules/common.ts';
import { contributedRules } from './rules/contributed.ts';
import {
  cumulativeSum,
  elementwise,
  groupNormalization,
  layerNormalization,
  lpNormalization,
  perChannel,
  reduce,
  softmax,
} from './rules/elementwise.ts';
import { concat, expand, gather, pad, reshape, slice, split, transpose, unrelated } from './rules/movement.ts';
import { attention, convolution, einsum, gemm, matMul, pool } from './rules/products.ts';

const same = (names: readonly string[], rule: ChannelRule): Record<string, ChannelRule> =>
  Object.fromEntries(names.map((name) => [name, rule]));

const table: Readonly<Record<string, ChannelRule>> = {
  ...same(
    [
      ...[
        'Identity',
        'Cast',
        'CastLike',
        'Dropout',
        'Abs',
        'Neg',
        'Sqrt',
        'Reciprocal',
        'Exp',
        'Log',
        'Erf',
        'Floor',
        'Ceil',
      ],
      ...[
        'Round',
        'Sign',
        'Not',
        'IsNaN',
        'IsInf',
        'Relu',
        'LeakyRelu',
        'PRelu',
        'Elu',
        'Selu',
        'Celu',
        'Gelu',
        'Mish',
      ],
      ...[
        'Sigmoid',
        'HardSigmoid',
        'HardSwish',
        'Swish',
        'Softplus',
        'Softsign',
        'ThresholdedRelu',
        'Tanh',
        'Sin',
        'Cos',
      ],
      ...['Clip', 'Add', 'Sub', 'Mul', 'Div', 'Pow', 'Mod', 'Min', 'Max', 'Sum', 'Mean', 'Where', 'And', 'Or', 'Xor'],
      ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'],
    ],
    elementwise,
  ),
  ...same(['Softmax', 'LogSoftmax', 'Hardmax'], softmax),
  ...same(['CumSum'], cumulativeSum),
  ...same(['LpNormalization'], lpNormalization),
  ...same(['LayerNormalization', 'RMSNormalization', 'SimplifiedLayerNormalization'], layerNormalization),
  ...same(['BatchNormalization'], perChannel('free')),
  ...same(['InstanceNormalization'], perChannel('kept')),
  ...same(['GroupNormalization'], groupNormalization),
  ...same(
    [
      ...['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'],
      ...['ReduceLogSum', 'ReduceLogSumExp', 'ArgMax', 'ArgMin'],
    ],
    reduce,
  ),
  ...same(['MatMul'], matMul),
  ...same(['Gemm'], gemm),
  ...same(['Einsum'], einsum),
  ...same(['Conv'], convolution),
  ...same(['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'], pool),
  ...same(['Transpose'], transpose),
  ...same(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'], reshape),
  ...same(['Split'], split),
  ...same(['Slice'], slice),
  ...same(['Gather'], gather),
  ...same(['Concat'], concat),
  ...same(['Expand', 'Tile'], expand),
  ...same(['Pad'], pad),
  ...same(['Shape', 'Size', 'Range', 'ConstantOfShape', 'NonZero'], unrelated),
  ...same(['Attention'], attention),
};

const tables: Readonly<Record<string, typeof table>> = { '': table, 'com.microsoft': contributedRules };

/** The layouts of a node's outputs; undefined if Pinch cannot follow channels through it. */
export function passOn(visit: Visit): readonly ChannelAxes[] | undefined {
  const { node } = visit;
  const rules = tables[node.domain];
  return rules && Object.hasOwn(rules, node.opType) ? rules[node.opType]?.(visit) : undefined;
}
