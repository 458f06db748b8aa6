/** Evaluations kept beside the models that were measured: where they are, and whether one still holds. */

import { stat } from 'node:fs/promises';
import { basename, extname, join, parse, resolve } from 'node:path';
import * as v from 'valibot';
import type { ModelFile } from '../../onnx/file/load.ts';
import { readSmallFile } from '../../base/smallFile.ts';
import type { Evaluation } from './evaluate.ts';
import { hashManifest } from '../../speech/manifest/hash.ts';
import { hashModel } from '../../onnx/file/modelFiles.ts';
import { modelFiles } from '../../onnx/file/modelFiles.ts';

/** What of an evaluation it takes to compare it with another. */
export type Measured = Pick<Evaluation, 'wer' | 'cer' | 'errors' | 'words' | 'utterances' | 'hypotheses'>;

/** `<folder of the model>/<its name>.evaluations/<name of the manifest>` */
export function keptFolder(modelPath: string, manifest: string): string {
  const { dir, name } = parse(modelPath);
  const data = resolve(manifest);
  return join(dir, `${name}.evaluations`, basename(data, extname(data)));
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const rate = v.pipe(v.number(), v.finite(), v.minValue(0));
const numbers = v.object({
  data: v.string(),
  dataSha256: v.string(),
  modelFile: v.object({ bytes: count, modified: v.string(), sha256: v.string() }),
  bytes: count,
  time: v.pipe(v.string(), v.isoTimestamp()),
  batch: count,
  wer: rate,
  cer: rate,
  errors: count,
  words: count,
  utterances: count,
});
const line = v.object({
  id: v.string(),
  audio_filepath: v.string(),
  text: v.string(),
  pred_text: v.string(),
  errors: count,
  duration: rate,
});

/** Evaluations of the largest corpora take some ten megabytes. */
const largestFile = 256 * 2 ** 20;

/**
 * The evaluation of a model on a manifest, one utterance at a time, if one is kept and both are what they were.
 * @param folder where it is, if not beside the model.
 * @returns undefined if there is none to rely on, for whatever reason.
 */
export async function readKept(
  file: ModelFile,
  manifest: string,
  folder = keptFolder(file.path, manifest),
): Promise<Measured | undefined> {
  try {
    const kept = v.parse(numbers, JSON.parse(await readSmallFile(join(folder, 'evaluation.json'), largestFile)));
    const sameData = kept.data === resolve(manifest) && kept.dataSha256 === (await hashManifest(manifest));
    if (kept.batch !== 1 || !sameData || !(await isSameModel(file, kept))) return undefined;
    const lines = (await readSmallFile(join(folder, 'hypotheses.jsonl'), largestFile)).trimEnd().split('\n');
    const hypotheses = lines.map((json) => {
      const { id, audio_filepath, text, pred_text, errors, duration } = v.parse(line, JSON.parse(json));
      return { id, audio: audio_filepath, reference: text, hypothesis: pred_text, errors, seconds: duration };
    });
    const { wer, cer, errors, words, utterances } = kept;
    return hypotheses.length === utterances ? { wer, cer, errors, words, utterances, hypotheses } : undefined;
  } catch {
    // Not there, of another version, or damaged: evaluating again is always right.
    return undefined;
  }
}

/** By size and time, which is quick; files that were copied have new times, and then their content decides. */
async function isSameModel(file: ModelFile, kept: v.InferOutput<typeof numbers>): Promise<boolean> {
  const stats = await Promise.all(modelFiles(file).map((path) => stat(path)));
  if (stats.reduce((sum, { size }) => sum + size, 0) !== kept.bytes) return false;
  const untouched = stats[0]?.mtime.toISOString() === kept.modelFile.modified;
  const older = stats.every(({ mtime }) => mtime.toISOString() <= kept.time);
  return (untouched && older) || (await hashModel(file)) === kept.modelFile.sha256;
}
