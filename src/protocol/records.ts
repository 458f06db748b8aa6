/** The content of a run folder: run.json, state.json and the lines of metrics.jsonl, and their validation. */

import * as v from 'valibot';
import { scoringUnit } from './errorRate.ts';
import { textReport } from './results/texts.ts';
import { count, fraction, real, text, time, type Shape } from './schema.ts';

/** A checkpoint's path within its run folder. A valid path never leads out of it. */
const checkpointPath = v.pipe(text, v.regex(/^checkpoints\/step-\d{6,15}$/u));

/**
 * The version of run.json's form. It rises when a setting is added, so that an older run keeps the meaning of settings that it lacks.
 * 1: without a number. 2: with dropout, SpecAugment and kept features. 3: with text. 4: with SpecAugment of features. `leftOutOf` in settings.ts
 * has the meaning of what earlier ones lack.
 */
export const runFileVersion = 4;

/** run.json: everything needed to repeat the run. `settingsOf` checks the settings. */
const runFile = v.object({
  version: v.optional(v.pipe(count, v.minValue(1)), 1),
  pinch: text,
  onnxruntime: text,
  node: text,
  created: time,
  settings: v.record(text, v.unknown()),
  /** SHA-256 of the model's ONNX file and of each manifest's entries. */
  checksums: v.object({ model: text, train: text, dev: v.nullable(text) }),
});
export type RunFile = Shape<typeof runFile>;

export const statuses = ['starting', 'running', 'stopping', 'done', 'failed', 'stopped'] as const;

/** state.json: the state of the run, replaced every few seconds while it lives. */
export const runState = v.object({
  status: v.picklist(statuses),
  /** The process that trains, or last did, and its start time, which distinguishes it from a later process with the same number. */
  pid: count,
  processStart: v.nullable(text),
  host: text,
  /** A random word of this process. The control socket returns it on request. */
  nonce: text,
  attempt: count,
  /** Updates so far, and in all. */
  step: count,
  steps: count,
  heartbeat: time,
  /** Path of the control socket while the process lives. */
  control: v.nullable(text),
  /** Why the run failed, or the work before its first step. */
  message: v.nullable(text),
});
export type RunState = Shape<typeof runState>;

const common = { attempt: count, step: count };

export const startRecord = v.object({
  kind: v.literal('start'),
  ...common,
  time,
  device: text,
  /** The reason for this device. */
  deviceReason: text,
  steps: count,
  /** Not an integer if an update takes several batches. */
  stepsPerEpoch: real,
  parameters: count,
  gatedParameters: count,
  trainedParameters: count,
  layers: v.array(v.object({ name: text, parameters: count, shape: v.array(count) })),
  /** Layers with a matrix that are not gated. */
  left: v.array(v.object({ name: text, parameters: count, reason: text })),
  utterances: count,
  /** Number of utterances left out, by reason. */
  dropped: v.record(text, count),
  /** What was done to the training texts. Absent in runs of earlier versions. */
  texts: v.optional(textReport),
  audioSeconds: real,
  /** Frames that the model gives for a second of audio. Absent in runs of earlier versions. */
  framesPerSecond: v.optional(real),
  memoryBytes: real,
  /** The part of the memory that the evaluation on the development set needs; absent without one. */
  evaluationMemoryBytes: v.optional(real),
  /** Maximum size of the run folder. Absent in runs of earlier versions. */
  diskBytes: v.optional(real),
  /** An estimate of the whole run's time. */
  secondsExpected: real,
});

const step = v.object({
  kind: v.literal('step'),
  ...common,
  time,
  loss: real,
  ctcLoss: real,
  gradientNorm: real,
  learningRate: real,
  sparsityTarget: fraction,
  /** Over the gated weights, before this step's update. */
  sparsity: fraction,
  secondsPerStep: real,
  audioSecondsPerSecond: real,
  /** Only in runs of the form before layers.f32; `runs/metrics/layersInLines.ts` reads them. */
  layers: v.optional(v.array(v.unknown())),
});

const evaluation = v.object({
  kind: v.literal('evaluation'),
  ...common,
  time,
  /** Epochs finished. */
  epoch: real,
  /** What is counted as a word; words if absent. */
  unit: v.optional(scoringUnit),
  /** Fractions: 0.05 is 5 %. */
  wer: real,
  cer: real,
  errors: count,
  words: count,
  utterances: count,
  skipped: count,
  sparsity: fraction,
});

const checkpoint = v.object({
  kind: v.literal('checkpoint'),
  ...common,
  time,
  path: checkpointPath,
  /** Counted in the file that was written: over the gated weights, and over all parameters. */
  sparsity: fraction,
  sparsityOfAll: fraction,
  parameters: count,
  nonZeroParameters: count,
  bytes: count,
});

export const alertReasons = ['not-a-number', 'all-blank', 'divergence', 'zero-loss', 'zero-gradient'] as const;

const alert = v.object({
  kind: v.literal('alert'),
  ...common,
  time,
  reason: v.picklist(alertReasons),
  message: text,
  action: v.picklist(['rollback', 'stop', 'continue']),
});

/** From here on, lines of earlier attempts with a later step are invalid. */
const rewind = v.object({
  kind: v.literal('rewind'),
  ...common,
  time,
  cause: v.picklist(['resume', 'rollback']),
  /** Factor of all learning rates from now on. */
  learningRateScale: real,
});

const end = v.object({
  kind: v.literal('end'),
  ...common,
  time,
  status: v.picklist(['done', 'failed', 'stopped']),
  message: v.nullable(text),
  /** The last checkpoint, within the run folder. */
  checkpoint: v.nullable(checkpointPath),
  sparsity: fraction,
  /** The lowest error rate at the final sparsity. */
  best: v.nullable(v.object({ step: count, wer: real, path: checkpointPath })),
});

/** Groups of weights that had long been dead were removed from the model; training goes on without them. */
const shrink = v.object({
  kind: v.literal('shrink'),
  ...common,
  time,
  groups: count,
  /** Remaining in the model: of the gated weights, and of all parameters. */
  gatedParameters: count,
  parameters: count,
});

const metricsRecord = v.variant('kind', [step, startRecord, evaluation, checkpoint, alert, rewind, shrink, end]);

export type StartRecord = Shape<typeof startRecord>;
export type StepRecord = Shape<typeof step>;
export type EvaluationRecord = Shape<typeof evaluation>;
export type CheckpointRecord = Shape<typeof checkpoint>;
export type AlertRecord = Shape<typeof alert>;
export type RewindRecord = Shape<typeof rewind>;
export type ShrinkRecord = Shape<typeof shrink>;
export type EndRecord = Shape<typeof end>;
/** A line of metrics.jsonl. */
export type MetricsRecord = Shape<typeof metricsRecord>;
/** A record of which an index of many steps holds only some numbers. */
export type IndexedRecord = Exclude<MetricsRecord, StepRecord> | IndexedStepRecord;
export type IndexedStepRecord = Pick<StepRecord, 'kind' | 'time' | 'layers' | (typeof indexedNumbers)[number]>;

/** An invalid record. The message gives the reason, but not the place. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

/** @throws RecordError */
export const parseRunFile = (json: string): RunFile => parse(runFile, json);
/** @throws RecordError */
export const parseRunState = (json: string): RunState => parse(runState, json);
/** One line of metrics.jsonl. @throws RecordError */
export const parseMetricsRecord = (line: string): MetricsRecord => parse(metricsRecord, line);
/** One line of metrics.jsonl, checked as far as an index needs it. @throws RecordError */
export function parseIndexedRecord(line: string): IndexedRecord {
  const value = parseJson(line);
  return isIndexedStep(value) ? value : check(metricsRecord, value);
}

/**
 * The records that count, in order: a rewind takes back what came after its step. `start` stays, because it describes the run.
 */
export function effectiveRecords<R extends MetricsRecord>(records: readonly R[]): R[] {
  const kept: R[] = [];
  for (const record of records) {
    if (record.kind === 'rewind') {
      let valid = 0;
      for (const one of kept) {
        if (one.kind === 'start' || (one.step <= record.step && one.kind !== 'end')) kept[valid++] = one;
      }
      kept.length = valid;
    } else kept.push(record);
  }
  return kept;
}

const indexedNumbers = [
  ...(['attempt', 'step', 'loss', 'ctcLoss', 'sparsity', 'sparsityTarget'] as const),
  ...(['gradientNorm', 'learningRate', 'secondsPerStep', 'audioSecondsPerSecond'] as const),
] as const;

/** By hand: a hundred thousand steps are opened at once, and the schema takes as long for each as reading it. */
function isIndexedStep(value: unknown): value is IndexedStepRecord {
  const made = value as Record<string, unknown> | null;
  if (made?.['kind'] !== 'step') return false;
  for (const name of indexedNumbers) if (!Number.isFinite(made[name])) return false;
  return Number(made['step']) >= 0 && typeof made['time'] === 'string';
}

function parse<T>(schema: v.GenericSchema<unknown, T>, json: string): T {
  return check(schema, parseJson(json));
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new RecordError('it is not JSON');
  }
}

function check<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new RecordError(`"${v.getDotPath(issue) ?? 'it'}" is wrong: ${issue.message}`);
}
