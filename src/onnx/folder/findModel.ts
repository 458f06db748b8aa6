/** Finds the model file of a path, without reading it. */

import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { OnnxFileError, reasonOf } from '../../base/errors.ts';

/** Where the Hugging Face hub's repositories have them, with the files of the tokenizer one level up. */
const hubFolder = 'onnx';

/**
 * The model file of a path: the file itself; in a folder `model.onnx`, otherwise its only .onnx file; without one, the same of its folder `onnx`.
 * Of the forms that the hub has of one model this is the one in float32.
 * @throws OnnxFileError if there is none, or several to choose from.
 */
export async function findModel(path: string): Promise<string> {
  try {
    if (!(await stat(path)).isDirectory()) return path;
    const names = await readdir(path);
    const own = modelsIn(names);
    const models =
      own.length === 0 && names.includes(hubFolder)
        ? modelsIn(await readdir(join(path, hubFolder)).catch(() => [])).map((name) => join(hubFolder, name))
        : own;
    const [only] = models;
    const usual = models.find((name) => basename(name) === 'model.onnx');
    if (usual !== undefined) return join(path, usual);
    if (only !== undefined && models.length === 1) return join(path, only);
    const problem =
      only === undefined
        ? names.includes('run.json')
          ? 'this is the folder of a run; name one of its checkpoints, which are folders below checkpoints/'
          : 'there is no .onnx file in this folder'
        : `choose one of the models here: ${models.join(', ')}`;
    throw new OnnxFileError(path, problem);
  } catch (error) {
    throw error instanceof OnnxFileError ? error : new OnnxFileError(path, reasonOf(error), error);
  }
}

const modelsIn = (names: readonly string[]): string[] => names.filter((name) => name.endsWith('.onnx')).sort();
