/** study.json: the results of `pinch study`. A repeated study gives the same numbers, except for seconds. */

import * as v from 'valibot';
import { amount, count, fraction, text, type Shape } from '../schema.ts';
import { methods } from '../settings.ts';
import { comparison } from './comparison.ts';
import { corpusScore } from './evaluation.ts';

const method = v.picklist(methods);
/** The target sparsity; null for the dense model. */
const target = v.nullable(fraction);
const seed = v.pipe(v.number(), v.integer());

const rates = v.pick(corpusScore, ['unit', 'wer', 'cer', 'errors', 'words', 'utterances']);
export type Rates = Shape<typeof rates>;

const found = v.object({
  dev: rates,
  test: rates,
  /** The last checkpoint, within the study's folder. */
  checkpoint: text,
  device: text,
  steps: count,
  /** Time in valid training steps, in all stages of the method; without reading, evaluating or writing. */
  seconds: amount,
  /** Counted in the checkpoint: over the gated weights, and over all parameters. */
  sparsity: fraction,
  sparsityOfAll: fraction,
  parameters: count,
  nonZeroParameters: count,
  bytes: count,
  /** The gated layers, counted in the checkpoint. */
  layers: v.array(v.object({ name: text, sparsity: fraction })),
  /** The comparison with the dense model of the same seed, on the test set; null for that model itself, and until it is finished. */
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
  /** Null until the run is finished. */
  found: v.nullable(found),
});
export type RunResult = Shape<typeof runResult>;

/** A method at one target: the means of its finished seeds. */
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
  /** In rising order of sparsity. */
  points: v.array(point),
  /** The greatest lossless sparsity; null if none is known. */
  greatestLossless: v.nullable(fraction),
  /** The mean of its runs. */
  seconds: amount,
});
export type MethodResult = Shape<typeof methodResult>;

export const studyResults = v.object({
  pinch: text,
  onnxruntime: text,
  study: text,
  /** Relative to the folder of the study file, like the manifests. */
  model: text,
  train: text,
  dev: text,
  test: text,
  /** SHA-256 of the model and of the manifests' entries. */
  checksums: v.object({ model: text, train: text, dev: text, test: text }),
  /** The given model; null until it is evaluated. */
  given: v.nullable(v.object({ dev: rates, test: rates })),
  /** The dense model, trained alike: the mean of its seeds. */
  dense: v.nullable(point),
  methods: v.array(methodResult),
  runs: v.array(runResult),
});
export type StudyResults = Shape<typeof studyResults>;
