/** Finds and reads the evaluations that stand beside a model. */

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import * as v from 'valibot';
import type { KeptEvaluation } from '../../protocol/views/evaluation.ts';
import { readSmallFile } from '../../base/smallFile.ts';

/** An evaluation with what the page need not know. */
export interface EvaluationFile extends KeptEvaluation {
  readonly folder: string;
  /** The manifest's path. */
  readonly data: string;
}

/** The totals are a few kilobytes; skipped utterances may add to them. */
const largestFile = 4 << 20;
const mostEvaluations = 100;
/** Of the utterances that could not be read, as many as are worth showing. */
const shownSkipped = 20;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const text = v.pipe(v.string(), v.maxLength(10_000));

const timed = v.object({ latency: v.nullable(amount) });

const evaluationFile = v.object({
  data: text,
  time: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  modelFile: v.optional(v.object({ bytes: count, modified: v.pipe(v.string(), v.isoTimestamp()) })),
  wer: amount,
  cer: amount,
  sentenceErrorRate: share,
  utterances: count,
  words: count,
  errors: count,
  substitutions: count,
  deletions: count,
  insertions: count,
  characters: count,
  characterErrors: count,
  audioSeconds: amount,
  realTimeFactor: amount,
  latency: v.object({ median: amount, p95: amount }),
  parameters: count,
  nonZeroParameters: count,
  sparsity: share,
  gated: v.object({ by: v.picklist(['run', 'default']), parameters: count, nonZeroParameters: count, sparsity: share }),
  bytes: count,
  gzippedBytes: count,
  // Evaluations of earlier versions compressed everything, and did not say so.
  gzippedError: v.optional(v.nullable(count), null),
  cost: v.optional(
    v.pipe(
      v.object({ own: timed, dense: v.nullable(timed), seconds: amount }),
      v.transform(({ own, dense, seconds }) => ({ own: own.latency, dense: dense?.latency ?? null, seconds })),
    ),
  ),
  device: text,
  batch: count,
  skipped: v.pipe(
    v.array(v.object({ id: text, reason: text })),
    v.transform((skipped) => skipped.slice(0, shownSkipped)),
  ),
});

/** Where the evaluations of a model's ONNX file are kept. */
export function evaluationsFolder(model: string): string {
  return join(dirname(model), `${basename(model, extname(model))}.evaluations`);
}

/** The evaluations of an ONNX file, newest first; what cannot be read is left out. */
export async function keptEvaluations(model: string): Promise<EvaluationFile[]> {
  const parent = evaluationsFolder(model);
  const names = (await readdir(parent).catch(() => [])).sort().slice(0, mostEvaluations);
  const found = await Promise.all(
    names.map((name) => readEvaluation(model, join(parent, name)).catch(() => undefined)),
  );
  return found
    .filter((evaluation) => evaluation !== undefined)
    .sort((a, b) => (b.time ?? '').localeCompare(a.time ?? '') || a.name.localeCompare(b.name));
}

/** @throws Error if the folder holds no evaluation. */
export async function readEvaluation(model: string, folder: string): Promise<EvaluationFile> {
  const json = await readSmallFile(join(folder, 'evaluation.json'), largestFile);
  const { data, time, modelFile, cost, ...numbers } = v.parse(evaluationFile, JSON.parse(json));
  return {
    folder,
    name: basename(folder),
    data,
    time: time ?? null,
    modelChanged: modelFile !== undefined && (await isOther(model, modelFile)),
    numbers: { ...numbers, timed: cost ?? null },
  };
}

async function isOther(model: string, measured: { bytes: number; modified: string }): Promise<boolean> {
  const { size, mtime } = await stat(model);
  return size !== measured.bytes || mtime.toISOString() !== measured.modified;
}
