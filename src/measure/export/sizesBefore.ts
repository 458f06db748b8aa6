/** The sizes that an export is chosen by. */

import { loadModel } from '../../onnx/file/load.ts';
import { countModel, originalOf } from '../cost/modelCost.ts';
import { bytesOnDisk } from '../cost/modelSize.ts';

export interface SizesBefore {
  /** Bytes of the model after gzip. */
  readonly gzippedBytes: number;
  /** Bytes on the disk of the model that its run started from; undefined if that is unknown or not there any more. */
  readonly denseBytes: number | undefined;
}

/** @param path of a model's folder or ONNX file. @throws OnnxFileError if there is no model. */
export async function sizesBefore(path: string): Promise<SizesBefore> {
  const model = await loadModel(path);
  const dense = await originalOf(model.folder);
  const { gzippedBytes } = await countModel(model);
  return { gzippedBytes, denseBytes: dense && (await bytesOnDisk(dense)) };
}
