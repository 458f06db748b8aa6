/** What `pinch inspect` prints: of a whole model, and of one layer. */

import * as v from 'valibot';
import { amount, count, fraction, real, text, type Shape } from '../schema.ts';
import { modelCost } from './cost.ts';
import { parameterTotals } from './model.ts';

const tensorReport = v.object({
  /** As PyTorch calls it: `wav2vec2.encoder.layers.0.attention.q_proj.weight`. */
  name: text,
  /** The module without what all modules start with: `encoder.layers.0.attention.q_proj`. */
  layer: text,
  role: v.picklist(['weight', 'bias']),
  opType: text,
  /** The type of its elements in the file: int8 for quantized weights. */
  type: text,
  /** As it is stored; a linear layer's matrix is [in, out] in most exports. */
  dims: v.array(count),
  parameters: count,
  zeros: count,
  /** Weights of it that were taken out with units and heads, as far as the file says. */
  removed: count,
  /** (zeros + removed) / (parameters + removed) */
  sparsity: fraction,
  gated: v.boolean(),
  /** Why it is gated, or not. */
  reason: text,
  /** In units of the layer's root-mean-square weight before training; null if there is none or it is not known. */
  threshold: v.nullable(real),
});
export type TensorReport = Shape<typeof tensorReport>;

const valueInfo = v.object({
  name: text,
  type: text,
  /** Numbers and symbols; null what is not known. Absent when even the rank is unknown. */
  dims: v.optional(v.array(v.nullable(v.union([count, text])))),
  /** A sequence of such tensors instead of one. */
  sequence: v.optional(v.literal(true)),
});

export const inspection = v.object({
  model: text,
  /** Operator set by domain; `ai.onnx` is ONNX's own. */
  opsets: v.record(text, count),
  /** The exporter and its version, as far as the file says. */
  producer: text,
  nodes: count,
  inputs: v.array(valueInfo),
  outputs: v.array(valueInfo),
  tensors: v.array(tensorReport),
  totals: parameterTotals,
  /** Null if it was not asked for. */
  cost: v.nullable(modelCost),
});
export type Inspection = Shape<typeof inspection>;
export type ParameterReport = Pick<Inspection, 'tensors' | 'totals'>;

const histogram = v.object({
  /** Bins of one width from `low` to `high`, which lie as far from zero, over the weights that are not zero. */
  low: real,
  high: real,
  counts: v.pipe(v.array(count), v.maxLength(10_000)),
  zeros: count,
  /** Weights beyond `low` and `high`, or that are no numbers. */
  outside: count,
});
export type Histogram = Shape<typeof histogram>;

export const layerInspection = v.object({
  model: text,
  layer: text,
  /** The parameter's full name; of a layer that is gated in groups, the names of its matrices. */
  name: text,
  /** The shape of its weights; for a layer that is gated in groups, its gated weights in one row. */
  shape: v.array(count),
  gated: v.boolean(),
  parameters: count,
  zeros: count,
  /** The root mean square of the weights as they are in the file, zeros too. */
  rootMeanSquare: amount,
  /** As in metrics.jsonl, in units of the root-mean-square weight before training; null if there is none or it is not known. */
  threshold: v.nullable(real),
  /** The same in the weights' own units: what is nearer to zero was cut. */
  thresholdInWeights: v.nullable(real),
  histogram,
});
export type LayerInspection = Shape<typeof layerInspection>;
