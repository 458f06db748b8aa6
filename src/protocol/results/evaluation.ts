/** The output of `pinch evaluate`, and the files that keep it: evaluation.json and hypotheses.jsonl. */

import * as v from 'valibot';
import { amount, count, fraction, text, time, type Shape } from '../schema.ts';
import { scoringUnit } from '../errorRate.ts';
import { comparison } from './comparison.ts';
import { modelCost } from './cost.ts';
import { fileSize, parameterTotals } from './model.ts';
import { textReport } from './texts.ts';

/** Error rates are fractions and can exceed 1, because insertions count. */
export const corpusScore = v.object({
  /** What is counted as a word in all of this; words if absent. */
  unit: v.optional(scoringUnit),
  /** Word error rate: all errors divided by all words of the references, not the mean of the utterances' rates. */
  wer: amount,
  /** Character error rate, by edit distance. */
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

/** How likely the model finds the references: it moves long before a word changes. */
export const likelihood = v.object({
  /** -ln p(reference) by CTC, in nats a label: all utterances together whose references can be spelled and that are recognised whole. */
  ctcLoss: v.optional(amount),
});

const speed = v.object({
  /** Length of all recognised audio. */
  audioSeconds: amount,
  /** Seconds of computing per second of audio, without reading files: 0.1 is ten times faster than speech. */
  realTimeFactor: amount,
  /** Milliseconds of the model for a batch. */
  latency: v.object({ median: amount, p95: amount }),
});
export type Speed = Shape<typeof speed>;

const modelIdentity = v.object({
  /** Absolute path of the ONNX file. */
  path: text,
  /** Bytes of the ONNX file without external data. */
  bytes: count,
  /** ISO 8601, UTC. */
  modified: time,
  /** SHA-256 of the ONNX file and its external data. */
  sha256: text,
});
export type ModelIdentity = Shape<typeof modelIdentity>;

const summary = v.object({
  model: text,
  /** Identifies the version of the model that was measured. */
  modelFile: modelIdentity,
  /** Absolute path of the manifest, and SHA-256 of its entries. */
  data: text,
  dataSha256: text,
  /** Time at the start. */
  time,
  device: text,
  /** Utterances in a batch. */
  batch: count,
  /** Estimated memory of the process, in bytes. */
  memoryBytes: amount,
  ...corpusScore.entries,
  ...likelihood.entries,
  ...speed.entries,
  ...parameterTotals.entries,
  ...fileSize.entries,
  /** Utterances without a result. They count nowhere; at most 1 %. */
  skipped: v.array(v.object({ id: text, reason: text })),
  /** What was done to the references. Earlier versions changed case and Unicode form only, and did not say so. */
  texts: v.optional(textReport),
  /** What the references have and the vocabulary lacks: characters, or phones, the most frequent first. Absent if it has all. */
  unwritable: v.optional(v.array(v.object({ text, count }))),
  /** What is probably wrong with the model's files or the texts; absent if nothing is suspected. */
  warning: v.optional(text),
  /** Absent if not requested. */
  cost: v.optional(modelCost),
});

/** evaluation.json. Earlier versions wrote fewer fields. */
export const evaluationFile = v.partial(summary, ['modelFile', 'dataSha256', 'time', 'memoryBytes']);
export type EvaluationFile = Shape<typeof evaluationFile>;
export type Skipped = EvaluationFile['skipped'][number];

const hypothesis = v.object({
  id: text,
  /** Absolute path of the audio file. */
  audio: text,
  /** Start of the utterance in the file, if not at its beginning. */
  offset: v.optional(amount),
  /** Index from 0 of the file's channel that it is on; absent if all are heard. */
  channel: v.optional(count),
  seconds: amount,
  /** As it is scored: after the steps of the setting `text`. */
  reference: text,
  /** As the manifest has it, if that is another text. */
  written: v.optional(text),
  hypothesis: text,
  /** Word errors. */
  errors: count,
});
export type Hypothesis = Shape<typeof hypothesis>;

const measured = v.object({ ...summary.entries, hypotheses: v.array(hypothesis) });

/** The comparison with another model on the same utterances, if requested. */
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
  channel: v.optional(count),
  text,
  /** As the manifest has it, if that is another text than `text`. */
  written_text: v.optional(text),
  pred_text: text,
  id: text,
  errors: count,
});
export type HypothesisLine = Shape<typeof hypothesisLine>;
