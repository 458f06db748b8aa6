/** What `pinch diff` prints. B is measured against A. */

import * as v from 'valibot';
import { count, fraction, real, text, type Shape } from '../schema.ts';
import { comparison } from './comparison.ts';
import { corpusScore } from './evaluation.ts';
import { parameterTotals } from './model.ts';

const modelTotals = v.object({
  /** The ONNX file. */
  model: text,
  /** On disk, external data too. */
  bytes: count,
  nodes: count,
  ...parameterTotals.entries,
});
export type ModelTotals = Shape<typeof modelTotals>;

const layerSide = v.object({
  /** As it is stored, like the type: int8 of quantized weights, which are compared by the numbers that they stand for. */
  shape: v.array(count),
  type: text,
  parameters: count,
  zeros: count,
  sparsity: fraction,
  /** In units of the layer's root-mean-square weight before training; null if there is none or it is not known. */
  threshold: v.nullable(real),
});
export type LayerSide = Shape<typeof layerSide>;

const layerDiff = v.object({
  /** The layer's name for a matrix, as in metrics.jsonl; the parameter's for a vector. Full names where short ones would be the same. */
  name: text,
  /** In either of the models. */
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

const wordErrors = v.pick(corpusScore, ['wer', 'cer', 'errors', 'words']);

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

/** The tested system is B: `worse` says that B is, and a positive Z or difference that B makes more errors. */
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
  /** Those utterances, the largest change first, what got worse before what got better. */
  changed: v.array(changedUtterance),
});
export type SpeechDiff = Shape<typeof speechDiff>;

export const modelDiff = v.object({
  a: modelTotals,
  b: modelTotals,
  /** Matrices and kernels, in A's order; those that only B has come last. */
  layers: v.array(layerDiff),
  /** Biases and norms, likewise. */
  vectors: v.array(layerDiff),
  /** Operators that one model has more of than the other. */
  operators: v.array(operatorCount),
  /** Null if the models were not compared on speech. */
  recognition: v.nullable(speechDiff),
});
export type ModelDiff = Shape<typeof modelDiff>;
