/** What a command takes as a model: an ONNX file or its folder, or a Hugging Face checkpoint, which is imported once. */

import { resolve } from 'node:path';
import { checkpointFolder, keptModel } from '../huggingface/keptModel.ts';
import { endProgress, showProgress } from './progress.ts';

/** The path itself, or of a checkpoint the folder below `.pinch/models` with its ONNX model. @throws as keptModel. */
export async function modelPath(path: string): Promise<string> {
  const folder = await checkpointFolder(path);
  if (folder === undefined) return path;
  const onProgress = (done: number, total: number): void => showProgress({ label: 'Weights imported', done, total });
  try {
    return await keptModel(folder, resolve('.pinch', 'models'), { onProgress });
  } finally {
    endProgress();
  }
}

/** The same for a model that may be left out. */
export async function modelPathIfGiven(path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : modelPath(path);
}
