/** The output of `pinch inspect`: for a whole model, and for one layer. */

import * as v from 'valibot';
import { amount, count, fraction, real, text, type Shape } from '../schema.ts';
import { modelCost } from './cost.ts';
import { parameterTotals } from './model.ts';

const tensorReport = v.object({
  /** PyTorch's name: `wav2vec2.encoder.layers.0.attention.q_proj.weight`. */
  name: text,
  /** The module without the prefix of all modules: `encoder.layers.0.attention.q_proj`. */
  layer: text,
  role: v.picklist(['weight', 'bias']),
  opType: text,
  /** The type of its elements in the file: int8 for quantized weights. */
  type: text,
  /** As stored; a linear layer's matrix is [in, out] in most exports. */
  dims: v.array(count),
  parameters: count,
  zeros: count,
  /** Number of its weights that were removed with units and heads, according to the file. */
  removed: count,
  /** (zeros + removed) / (parameters + removed) */
  sparsity: fraction,
  gated: v.boolean(),
  /** The reason why it is gated or not. */
  reason: text,
  /** In units of the layer's root-mean-square weight before training; null if there is none or it is unknown. */
  threshold: v.nullable(real),
});
export type TensorReport = Shape<typeof tensorReport>;

const valueInfo = v.object({
  name: text,
  type: text,
  /** Numbers and symbols; null if unknown. Absent when even the rank is unknown. */
  dims: v.optional(v.array(v.nullable(v.union([count, text])))),
  /** Whether it is a sequence of such tensors. */
  sequence: v.optional(v.literal(true)),
});

export const inspection = v.object({
  model: text,
  /** Operator set by domain; `ai.onnx` is ONNX's own. */
  opsets: v.record(text, count),
  /** The exporter and its version, according to the file. */
  producer: text,
  nodes: count,
  inputs: v.array(valueInfo),
  outputs: v.array(valueInfo),
  tensors: v.array(tensorReport),
  totals: parameterTotals,
  /** Null if not requested. */
  cost: v.nullable(modelCost),
});
export type Inspection = Shape<typeof inspection>;
export type ParameterReport = Pick<Inspection, 'tensors' | 'totals'>;

const histogram = v.object({
  /** Bins of equal width from `low` to `high`, which are equally far from zero, over the non-zero weights. */
  low: real,
  high: real,
  counts: v.pipe(v.array(count), v.maxLength(10_000)),
  zeros: count,
  /** Weights outside `low` and `high`, or NaN. */
  outside: count,
});
export type Histogram = Shape<typeof histogram>;

export const layerInspection = v.object({
  model: text,
  layer: text,
  /** The parameter's full name; for a layer that is gated in groups, the names of its matrices. */
  name: text,
  /** The shape of its weights; for a layer that is gated in groups, all gated weights in one row. */
  shape: v.array(count),
  gated: v.boolean(),
  parameters: count,
  zeros: count,
  /** The root mean square of the weights in the file, including zeros. */
  rootMeanSquare: amount,
  /** As in metrics.jsonl, in units of the root-mean-square weight before training; null if there is none or it is unknown. */
  threshold: v.nullable(real),
  /** The same in the weights' own units: weights nearer to zero were pruned. */
  thresholdInWeights: v.nullable(real),
  histogram,
});
export type LayerInspection = Shape<typeof layerInspection>;
