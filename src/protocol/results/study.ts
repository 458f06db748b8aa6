/** study.json: the results of `pinch study`. A repeated study gives the same numbers, except for seconds. */

import * as v from 'valibot';
import { amount, count, fraction, real, text, type Shape } from '../schema.ts';
import { methods } from '../settings.ts';
import { comparison } from './comparison.ts';
import { corpusScore, likelihood } from './evaluation.ts';

export const methodName = v.picklist(methods);
/** The target sparsity; null for the dense model. */
export const targetSparsity = v.nullable(fraction);
export const seedNumber = v.pipe(v.number(), v.integer());

/** The form of study.json; files without a number are of the first form. */
export const studyVersion = 2;

export const rates = v.object({
  ...v.pick(corpusScore, ['unit', 'wer', 'cer', 'errors', 'words', 'utterances']).entries,
  ...likelihood.entries,
});
export type Rates = Shape<typeof rates>;

/** By the names of the sets. */
const ratesOfSets = v.record(text, rates);

const found = v.object({
  scores: ratesOfSets,
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
  /** On each set, the comparison with the dense model of the same seed; empty for that model itself, and until it is finished. */
  againstDense: v.record(text, comparison),
});
export type Found = Shape<typeof found>;

const runResult = v.object({
  /** The name of its folder under `runs`. */
  name: text,
  /** The name of its model. */
  model: text,
  method: methodName,
  target: targetSparsity,
  seed: seedNumber,
  status: v.picklist(['done', 'missing', 'failed']),
  /** Why it failed. */
  message: v.nullable(text),
  /** Null until the run is finished. */
  found: v.nullable(found),
});
export type RunResult = Shape<typeof runResult>;

/** A point's error rate on one set: the mean of its seeds. */
const pointRate = v.object({
  unit: rates.entries.unit,
  wer: amount,
  /** 95 %, from a bootstrap over the set's utterances and the seeds together. */
  low: amount,
  high: amount,
  /** The seeds' mean, in nats a label; absent where an evaluation of an earlier version does not tell it. */
  ctcLoss: v.optional(amount),
  /** Whether no seed's error rate is significantly above the dense model's; null where the test gives no verdict. */
  lossless: v.nullable(v.boolean()),
});
export type PointRate = Shape<typeof pointRate>;

/** A method at one target: the means of its finished seeds. */
const point = v.object({
  target: targetSparsity,
  seeds: v.array(seedNumber),
  sparsity: fraction,
  /** Means over the seeds, so these need not be whole numbers. */
  parameters: amount,
  nonZeroParameters: amount,
  seconds: amount,
  /** By the names of the sets. */
  rates: v.record(text, pointRate),
});
export type Point = Shape<typeof point>;

const methodResult = v.object({
  method: methodName,
  /** In rising order of sparsity. */
  points: v.array(point),
  /** On each set the greatest lossless sparsity; null if none is known. */
  greatestLossless: v.record(text, v.nullable(fraction)),
  /** The mean of its runs. */
  seconds: amount,
});
export type MethodResult = Shape<typeof methodResult>;

/** Two methods at one target on one set, their seeds pooled. */
const methodPair = v.object({
  target: fraction,
  set: text,
  first: methodName,
  second: methodName,
  /** Seeds of each. */
  seeds: v.tuple([count, count]),
  /** The first's mean error rate minus the second's, and its 95 % interval from a bootstrap over utterances and seeds together. */
  difference: real,
  low: real,
  high: real,
  /** On the first: whether the interval is on one side of zero. */
  verdict: v.picklist(['worse', 'same', 'better']),
});
export type MethodPair = Shape<typeof methodPair>;

const modelResult = v.object({
  name: text,
  /** Relative to the folder of the study file, like the manifests. */
  path: text,
  /** SHA-256. */
  checksum: text,
  /** The model as given; null until it is evaluated. */
  given: v.nullable(ratesOfSets),
  /** The dense model, trained alike: the mean of its seeds. */
  dense: v.nullable(point),
  methods: v.array(methodResult),
  pairs: v.array(methodPair),
});
export type ModelResult = Shape<typeof modelResult>;

const setResult = v.object({
  name: text,
  /** The first development set is evaluated during training; nothing else that is trained depends on a set. */
  kind: v.picklist(['dev', 'test']),
  path: text,
  /** SHA-256 of the manifest's entries. */
  checksum: text,
});
export type SetResult = Shape<typeof setResult>;

export const studyResults = v.object({
  version: v.literal(studyVersion),
  pinch: text,
  onnxruntime: text,
  study: text,
  train: text,
  /** SHA-256 of the manifest's entries. */
  trainChecksum: text,
  /** Development sets first. */
  sets: v.array(setResult),
  models: v.array(modelResult),
  runs: v.array(runResult),
});
export type StudyResults = Shape<typeof studyResults>;
