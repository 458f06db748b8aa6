/** Evaluations kept beside their models: their folder, and whether one is still valid. */

import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, parse, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import type { ModelFile } from '../../onnx/file/load.ts';
import { readSmallFile } from '../../base/smallFile.ts';
import {
  evaluationFile,
  hypothesisLine,
  type Evaluation,
  type EvaluationFile,
  type Hypothesis,
} from '../../protocol/results/evaluation.ts';
import { stepsBeforeTheSetting, type TextStep } from '../../protocol/textSteps.ts';
import { hashManifest } from '../../speech/manifest/hash.ts';
import { hashModel } from '../../onnx/folder/modelFiles.ts';
import { modelFiles } from '../../onnx/folder/modelFiles.ts';
import { stepsFor } from './stepsFor.ts';

/** The parts of an evaluation that a comparison needs. */
export interface Measured extends Pick<
  Evaluation,
  'unit' | 'wer' | 'cer' | 'ctcLoss' | 'errors' | 'words' | 'utterances'
> {
  readonly hypotheses: readonly Omit<Hypothesis, 'offset' | 'seconds'>[];
}

/** `<folder of the model>/<its name>.evaluations/<name of the manifest>` */
export function keptFolder(modelPath: string, manifest: string): string {
  const data = resolve(manifest);
  return join(evaluationsFolder(modelPath), basename(data, extname(data)));
}

function evaluationsFolder(modelPath: string): string {
  const { dir, name } = parse(modelPath);
  return join(dir, `${name}.evaluations`);
}

/** Evaluations of exactly this model that are kept beside it, by the names of their manifests. Those of other versions of it are left out. */
export async function keptEvaluations(file: ModelFile): Promise<(EvaluationFile & { readonly name: string })[]> {
  const folder = evaluationsFolder(file.path);
  const names = await readdir(folder).catch((): string[] => []);
  const found: (EvaluationFile & { readonly name: string })[] = [];
  for (const name of names.sort()) {
    try {
      const json = await readSmallFile(join(folder, name, 'evaluation.json'), largestFile);
      const kept = v.parse(evaluationFile, JSON.parse(json));
      if (await isSameModel(file, kept)) found.push({ ...kept, name });
    } catch {
      // Damaged or of another version.
    }
  }
  return found;
}

/** Bytes: evaluations of the largest corpora have some ten megabytes. */
const largestFile = 256 * 2 ** 20;

/**
 * The kept evaluation of a model on a manifest, one utterance at a time, if the model and the data have not changed.
 * @param where.folder its folder, if not beside the model.
 * @param where.dataSha256 the manifest's checksum, if it is known.
 * @param where.steps that the references went through; those that `evaluate` takes by itself, if nothing else is said.
 * @returns undefined without a valid one, for any reason.
 */
export async function readKept(
  file: ModelFile,
  manifest: string,
  where: {
    readonly folder?: string;
    readonly dataSha256?: string;
    readonly steps?: readonly TextStep[] | undefined;
  } = {},
): Promise<Measured | undefined> {
  const { folder = keptFolder(file.path, manifest) } = where;
  try {
    const kept = v.parse(evaluationFile, JSON.parse(await readSmallFile(join(folder, 'evaluation.json'), largestFile)));
    const { steps: before } = kept.texts ?? { steps: stepsBeforeTheSetting };
    if (!isDeepStrictEqual(before, where.steps ?? (await stepsFor(undefined, [file.path])))) return undefined;
    const sameData =
      kept.data === resolve(manifest) && kept.dataSha256 === (where.dataSha256 ?? (await hashManifest(manifest)));
    if (kept.batch !== 1 || !sameData || !(await isSameModel(file, kept))) return undefined;
    const hypotheses = await readHypotheses(folder);
    const { unit, wer, cer, ctcLoss, errors, words, utterances } = kept;
    const rates = { unit, wer, cer, errors, words, utterances, ...(ctcLoss === undefined ? {} : { ctcLoss }) };
    return hypotheses.length === utterances ? { ...rates, hypotheses } : undefined;
  } catch {
    // Missing, of another version, or damaged: evaluating again is always right.
    return undefined;
  }
}

/** @param folder of a kept evaluation. @throws Error if its hypotheses cannot be read. */
export async function readHypotheses(folder: string): Promise<Measured['hypotheses']> {
  const lines = (await readSmallFile(join(folder, 'hypotheses.jsonl'), largestFile)).trimEnd().split('\n');
  return lines.map((json) => {
    const { id, audio_filepath, text, pred_text, errors } = v.parse(hypothesisLine, JSON.parse(json));
    return { id, audio: audio_filepath, reference: text, hypothesis: pred_text, errors };
  });
}

/** Compares size and time, which is quick. Copied files have new times; their content is then compared. */
async function isSameModel(file: ModelFile, kept: EvaluationFile): Promise<boolean> {
  const { modelFile, time } = kept;
  // An evaluation of an early version does not name its model and data.
  if (modelFile === undefined || time === undefined) return false;
  const stats = await Promise.all(modelFiles(file).map((path) => stat(path)));
  if (stats.reduce((sum, { size }) => sum + size, 0) !== kept.bytes) return false;
  const untouched = stats[0]?.mtime.toISOString() === modelFile.modified;
  const older = stats.every(({ mtime }) => mtime.toISOString() <= time);
  return (untouched && older) || (await hashModel(file)) === modelFile.sha256;
}
