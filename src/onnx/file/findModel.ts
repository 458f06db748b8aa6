/** Finds the model file of a path, without reading it. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OnnxFileError, reasonOf } from '../../base/errors.ts';

/**
 * The model file of a path: the file itself; in a folder `model.onnx`, otherwise its only .onnx file.
 * @throws OnnxFileError if there is none, or several to choose from.
 */
export async function findModel(path: string): Promise<string> {
  try {
    if (!(await stat(path)).isDirectory()) return path;
    const names = (await readdir(path)).filter((name) => name.endsWith('.onnx')).sort();
    const [only] = names;
    if (names.includes('model.onnx')) return join(path, 'model.onnx');
    if (only !== undefined && names.length === 1) return join(path, only);
    const isRun = (await readdir(path)).includes('run.json');
    const problem =
      only === undefined
        ? isRun
          ? 'this is the folder of a run; name one of its checkpoints, which are folders below checkpoints/'
          : 'there is no .onnx file in this folder'
        : `choose one of the models here: ${names.join(', ')}`;
    throw new OnnxFileError(path, problem);
  } catch (error) {
    throw error instanceof OnnxFileError ? error : new OnnxFileError(path, reasonOf(error), error);
  }
}
