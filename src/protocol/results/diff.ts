/** The output of `pinch diff`. B is compared with A. */

import * as v from 'valibot';
import { count, fraction, real, text, type Shape } from '../schema.ts';
import { comparison } from './comparison.ts';
import { corpusScore } from './evaluation.ts';
import { parameterTotals } from './model.ts';

const modelTotals = v.object({
  /** The ONNX file. */
  model: text,
  /** On the disk, including external data. */
  bytes: count,
  nodes: count,
  ...parameterTotals.entries,
});
export type ModelTotals = Shape<typeof modelTotals>;

const layerSide = v.object({
  /** As stored, like the type: int8 for quantized weights, which are compared by their float32 values. */
  shape: v.array(count),
  type: text,
  parameters: count,
  zeros: count,
  sparsity: fraction,
  /** In units of the layer's root-mean-square weight before training; null if there is none or it is unknown. */
  threshold: v.nullable(real),
});
export type LayerSide = Shape<typeof layerSide>;

const layerDiff = v.object({
  /** The layer's name for a matrix, as in metrics.jsonl; the parameter's name for a vector. Full names where short ones would be equal. */
  name: text,
  /** In at least one of the models. */
  gated: v.boolean(),
  /** Null in the model that has no such layer. */
  a: v.nullable(layerSide),
  b: v.nullable(layerSide),
  /** Fraction of the weights that differ; null if one model lacks the layer or the shapes differ. */
  changed: v.nullable(fraction),
  /** Weights that are non-zero in both ÷ non-zero in at least one (Jaccard index); null as above. */
  overlap: v.nullable(fraction),
});
export type LayerDiff = Shape<typeof layerDiff>;

const operatorCount = v.object({ operator: text, a: count, b: count });
export type OperatorCount = Shape<typeof operatorCount>;

const wordErrors = v.pick(corpusScore, ['unit', 'wer', 'cer', 'errors', 'words']);

const heard = v.object({
  text,
  /** Word errors. */
  errors: count,
});

const changedUtterance = v.object({
  id: text,
  /** Absolute path of the audio file. */
  audio: text,
  reference: text,
  a: heard,
  b: heard,
});
export type ChangedUtterance = Shape<typeof changedUtterance>;

/** The tested system is B: `worse` means that B is worse, and a positive Z or difference that B makes more errors. */
const speechDiff = v.object({
  /** Absolute path of the manifest. */
  data: text,
  utterances: count,
  a: wordErrors,
  b: wordErrors,
  ...comparison.entries,
  /** Utterances with fewer errors in B, and with more. */
  fewer: count,
  more: count,
  /** Those utterances, the largest change first; among equal changes, more errors before fewer. */
  changed: v.array(changedUtterance),
});
export type SpeechDiff = Shape<typeof speechDiff>;

export const modelDiff = v.object({
  a: modelTotals,
  b: modelTotals,
  /** Matrices and kernels, in A's order; those that only B has come last. */
  layers: v.array(layerDiff),
  /** Biases and norms, in the same order. */
  vectors: v.array(layerDiff),
  /** Operators whose counts differ. */
  operators: v.array(operatorCount),
  /** Null if the models were not compared on speech. */
  recognition: v.nullable(speechDiff),
});
export type ModelDiff = Shape<typeof modelDiff>;
