/** What `pinch study` found, as it stands in study.json: numbers only, nothing that differs when it is done again but the seconds. */

import * as v from 'valibot';
import { amount, count, fraction, text, type Shape } from '../schema.ts';
import { methods } from '../settings.ts';
import { comparison } from './comparison.ts';
import { corpusScore } from './evaluation.ts';

const method = v.picklist(methods);
/** The sparsity that was asked for; null for the dense model. */
const target = v.nullable(fraction);
const seed = v.pipe(v.number(), v.integer());

const rates = v.pick(corpusScore, ['wer', 'cer', 'errors', 'words', 'utterances']);
export type Rates = Shape<typeof rates>;

const found = v.object({
  dev: rates,
  test: rates,
  /** The last, within the study's folder. */
  checkpoint: text,
  device: text,
  steps: count,
  /** Spent in training steps that count, all stages of the method included; not in reading, evaluating or writing. */
  seconds: amount,
  /** Counted in the checkpoint: over the gated weights, and over all parameters. */
  sparsity: fraction,
  sparsityOfAll: fraction,
  parameters: count,
  nonZeroParameters: count,
  bytes: count,
  /** The gated layers, counted in the checkpoint. */
  layers: v.array(v.object({ name: text, sparsity: fraction })),
  /** Against the dense model with the same seed, on the test set; null for that model itself, and until it is there. */
  againstDense: v.nullable(comparison),
});
export type Found = Shape<typeof found>;

const runResult = v.object({
  /** The name of its folder under `runs`. */
  name: text,
  method,
  target,
  seed,
  status: v.picklist(['done', 'missing', 'failed']),
  /** Why it failed. */
  message: v.nullable(text),
  /** Null until it is done. */
  found: v.nullable(found),
});
export type RunResult = Shape<typeof runResult>;

/** A method at one target: the means of its seeds that are done. */
const point = v.object({
  target,
  seeds: v.array(seed),
  sparsity: fraction,
  seconds: amount,
  /** On the test set. */
  wer: amount,
  /** 95 %, from a bootstrap over the test set's utterances. */
  low: amount,
  high: amount,
  /** On the development set. */
  devWer: amount,
  /** Whether no seed's word error rate is significantly above the dense model's; null where the test gives no verdict. */
  lossless: v.nullable(v.boolean()),
});
export type Point = Shape<typeof point>;

const methodResult = v.object({
  method,
  /** In order of their sparsity. */
  points: v.array(point),
  /** The greatest sparsity that is lossless; null if none is, as far as is known. */
  greatestLossless: v.nullable(fraction),
  /** The mean of its runs. */
  seconds: amount,
});
export type MethodResult = Shape<typeof methodResult>;

export const studyResults = v.object({
  pinch: text,
  onnxruntime: text,
  study: text,
  /** Relative to the folder of the study's file, like the manifests. */
  model: text,
  train: text,
  dev: text,
  test: text,
  /** SHA-256 of the model and of what the manifests say. */
  checksums: v.object({ model: text, train: text, dev: text, test: text }),
  /** The model as it was given; null until it is measured. */
  given: v.nullable(v.object({ dev: rates, test: rates })),
  /** The dense model, trained alike: the mean of its seeds. */
  dense: v.nullable(point),
  methods: v.array(methodResult),
  runs: v.array(runResult),
});
export type StudyResults = Shape<typeof studyResults>;
