/** What a command takes as a model: an ONNX file or its folder, or a Hugging Face checkpoint, which is imported once. */

import { resolve } from 'node:path';
import { keepOutOfGit } from '../base/keepOutOfGit.ts';
import type { ImportOptions } from '../huggingface/importModel.ts';
import { needsHead } from '../huggingface/importModel.ts';
import { checkpointFolder, isImportedWithNewHead, keptModel } from '../huggingface/keptModel.ts';
import { vocabularyOfFile, vocabularyOfTexts } from '../huggingface/newHead.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { textStepsOf } from '../protocol/textSteps.ts';
import { UsageError } from './output.ts';
import { endProgress, showProgress } from './progress.ts';

/** The path itself, or of a checkpoint the folder below `.pinch/models` with its ONNX model. @throws as keptModel. */
export async function modelPath(path: string): Promise<string> {
  const folder = await checkpointFolder(path);
  return folder === undefined ? path : imported(folder);
}

/** The same for a model that may be left out. */
export async function modelPathIfGiven(path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : modelPath(path);
}

export interface TrainableModel {
  readonly path: string;
  /** Whether its CTC head is new. */
  readonly newHead: boolean;
}

/**
 * The same for training. A model that was only pretrained gets a CTC head here.
 * @param vocab the file of the head's vocabulary; without one it is made of the characters of the training texts
 * @throws as keptModel; UsageError if there is a vocabulary for a model that has a head.
 */
export async function trainableModel(
  { model, train, text, seed }: Pick<RunSettings, 'model' | 'train' | 'seed'> & Partial<Pick<RunSettings, 'text'>>,
  vocab: string | undefined,
): Promise<TrainableModel> {
  const folder = await checkpointFolder(model);
  const newHead = folder !== undefined && (await needsHead(folder));
  if (vocab !== undefined && !newHead) {
    throw new UsageError('Leave out --vocab: this model has a CTC head, and a vocabulary of its own.');
  }
  if (folder === undefined) return { path: model, newHead: await isImportedWithNewHead(model) };
  if (!newHead) return { path: await imported(folder), newHead };
  const tokens =
    vocab === undefined ? await vocabularyOfTexts(train, textStepsOf(text ?? 'auto')) : await vocabularyOfFile(vocab);
  return { path: await imported(folder, { head: { tokens, seed } }), newHead };
}

async function imported(folder: string, options: ImportOptions = {}): Promise<string> {
  const onProgress = (done: number, total: number): void => showProgress({ label: 'Weights imported', done, total });
  try {
    await keepOutOfGit(resolve('.pinch'));
    return await keptModel(folder, resolve('.pinch', 'models'), { ...options, onProgress });
  } finally {
    endProgress();
  }
}
