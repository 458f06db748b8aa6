/** Shapes of normalizations and softmax. */

import type { ValueType } from '../graph/value.ts';
import { intAttribute } from '../graph/graph.ts';
import { frontAxis, like, misfit, required, type Infer, type InferTable } from './common.ts';

/** LayerNormalization also returns the mean and the inverse standard deviation, with the normalized axes of size one. */
const layerNormalization: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const axis = frontAxis(node, inputs, intAttribute(node, 'axis', -1), dims.length);
  const statistic: ValueType = { type: 'float32', dims: dims.map((dim, i) => (i < axis ? dim : 1)) };
  return [{ type, dims }, statistic, statistic];
};

/** In addition, the running mean and variance (training mode only). */
const batchNormalization: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const mean = required(node, inputs, 3);
  const variance = required(node, inputs, 4);
  const channels = dims[1] ?? 1;
  if (mean.dims.length !== 1 || mean.dims[0] !== channels || variance.dims[0] !== channels) {
    throw misfit(node, inputs, `the statistics do not fit ${channels} channels`);
  }
  return [
    { type, dims },
    { type: mean.type, dims: mean.dims },
    { type: variance.type, dims: variance.dims },
  ];
};

const instanceNormalization: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  const scale = required(node, inputs, 1);
  if (scale.dims.length !== 1 || scale.dims[0] !== dims[1]) {
    throw misfit(node, inputs, 'the scale does not fit the channels');
  }
  return [{ type, dims }];
};

const alongAxis: Infer = (node, inputs) => {
  const { type, dims } = required(node, inputs, 0);
  frontAxis(node, inputs, intAttribute(node, 'axis', -1), Math.max(1, dims.length));
  return [{ type, dims }];
};

export const normalization: InferTable = {
  LayerNormalization: layerNormalization,
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LpNormalization: alongAxis,
  GroupNormalization: like(0),
  MeanVarianceNormalization: like(0),
  LRN: like(0),
  Softmax: alongAxis,
  LogSoftmax: alongAxis,
  Hardmax: alongAxis,
};
