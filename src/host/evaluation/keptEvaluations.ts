/** Finds and reads the evaluations kept beside a model. */

import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import * as v from 'valibot';
import { evaluationFile } from '../../protocol/results/evaluation.ts';
import type { KeptEvaluation } from '../../protocol/views/evaluation.ts';
import { readSmallFile } from '../../base/smallFile.ts';

/** An evaluation with fields that the page does not need. */
export interface EvaluationFile extends KeptEvaluation {
  readonly folder: string;
}

/** Largest file: the totals are a few kilobytes; skipped utterances add to them. */
const largestFile = 4 << 20;
const mostEvaluations = 100;
/** Number of unreadable utterances that are shown. */
const shownSkipped = 20;

/** The folder of a model's evaluations. */
export function evaluationsFolder(model: string): string {
  return join(dirname(model), `${basename(model, extname(model))}.evaluations`);
}

/** The evaluations of an ONNX file, newest first. Unreadable ones are left out. */
export async function keptEvaluations(model: string): Promise<EvaluationFile[]> {
  const parent = evaluationsFolder(model);
  const names = (await readdir(parent).catch(() => [])).sort().slice(0, mostEvaluations);
  const found = await Promise.all(
    names.map((name) => readEvaluation(model, join(parent, name)).catch(() => undefined)),
  );
  return found
    .filter((evaluation) => evaluation !== undefined)
    .sort((a, b) => (b.numbers.time ?? '').localeCompare(a.numbers.time ?? '') || a.name.localeCompare(b.name));
}

/** @throws Error if the folder holds no evaluation. */
export async function readEvaluation(model: string, folder: string): Promise<EvaluationFile> {
  const json = await readSmallFile(join(folder, 'evaluation.json'), largestFile);
  const numbers = v.parse(evaluationFile, JSON.parse(json));
  const { modelFile, skipped } = numbers;
  return {
    folder,
    name: basename(folder),
    modelChanged: modelFile !== undefined && (await isOther(model, modelFile)),
    numbers: { ...numbers, skipped: skipped.slice(0, shownSkipped) },
  };
}

async function isOther(model: string, measured: { bytes: number; modified: string }): Promise<boolean> {
  const { size, mtime } = await stat(model);
  return size !== measured.bytes || mtime.toISOString() !== measured.modified;
}
