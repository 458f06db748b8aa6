/** What `pinch evaluate` prints, and the files that keep it: evaluation.json and hypotheses.jsonl. */

import * as v from 'valibot';
import { amount, count, fraction, text, time, type Shape } from '../schema.ts';
import { comparison } from './comparison.ts';
import { modelCost } from './cost.ts';
import { fileSize, parameterTotals } from './model.ts';

/** Error rates are fractions and can exceed 1, because insertions count. */
export const corpusScore = v.object({
  /** Word error rate: all errors over all words of the references, not the mean of the utterances' rates. */
  wer: amount,
  /** Character error rate. */
  cer: amount,
  /** Fraction of the utterances with at least one word error. */
  sentenceErrorRate: fraction,
  utterances: count,
  /** Words of the references. */
  words: count,
  /** Substitutions, deletions and insertions together. */
  errors: count,
  substitutions: count,
  deletions: count,
  insertions: count,
  characters: count,
  characterErrors: count,
});
export type CorpusScore = Shape<typeof corpusScore>;

const speed = v.object({
  /** Length of all audio that was recognised. */
  audioSeconds: amount,
  /** Seconds of computing for a second of audio, reading of files not included: 0.1 is ten times faster than speech. */
  realTimeFactor: amount,
  /** Milliseconds that the model takes for a batch. */
  latency: v.object({ median: amount, p95: amount }),
});
export type Speed = Shape<typeof speed>;

const modelIdentity = v.object({
  /** Absolute, of the ONNX file. */
  path: text,
  /** Bytes of the ONNX file alone. */
  bytes: count,
  /** ISO 8601, UTC. */
  modified: time,
  /** SHA-256 of the ONNX file and its external data. */
  sha256: text,
});
export type ModelIdentity = Shape<typeof modelIdentity>;

const summary = v.object({
  model: text,
  /** Tells whether the model is still the one that was measured. */
  modelFile: modelIdentity,
  /** Absolute path of the manifest, and SHA-256 of what it says. */
  data: text,
  dataSha256: text,
  /** When it began. */
  time,
  device: text,
  /** Utterances run together. */
  batch: count,
  /** What was foreseen of the process's memory, in bytes. */
  memoryBytes: amount,
  ...corpusScore.entries,
  ...speed.entries,
  ...parameterTotals.entries,
  ...fileSize.entries,
  /** Utterances without a result, which count nowhere: at most 1 %. */
  skipped: v.array(v.object({ id: text, reason: text })),
  /** Absent if it was not asked for. */
  cost: v.optional(modelCost),
});

/** evaluation.json, of which earlier versions wrote less. */
export const evaluationFile = v.partial(summary, ['modelFile', 'dataSha256', 'time', 'memoryBytes']);
export type EvaluationFile = Shape<typeof evaluationFile>;
export type Skipped = EvaluationFile['skipped'][number];

const hypothesis = v.object({
  id: text,
  /** Absolute path of the audio file. */
  audio: text,
  /** Where in the file the utterance starts, if not at its beginning. */
  offset: v.optional(amount),
  seconds: amount,
  /** As the model's vocabulary would write it. */
  reference: text,
  hypothesis: text,
  /** Word errors. */
  errors: count,
});
export type Hypothesis = Shape<typeof hypothesis>;

const measured = v.object({ ...summary.entries, hypotheses: v.array(hypothesis) });

/** Compared with another model on the same utterances, if that was asked for. */
export const evaluation = v.object({
  ...measured.entries,
  comparison: v.optional(v.object({ ...comparison.entries, against: measured })),
});
export type Evaluation = Shape<typeof evaluation>;

/** A line of hypotheses.jsonl, with the names that NeMo's tools and speech data explorers use. */
export const hypothesisLine = v.object({
  audio_filepath: text,
  offset: v.optional(amount),
  duration: v.optional(amount),
  text,
  pred_text: text,
  id: text,
  errors: count,
});
export type HypothesisLine = Shape<typeof hypothesisLine>;
