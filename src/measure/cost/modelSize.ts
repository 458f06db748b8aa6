/** The size of a model's files, uncompressed and compressed. */

import { byteSize } from '../../base/format.ts';
import { stat } from 'node:fs/promises';
import type { ModelFile } from '../../onnx/file/load.ts';
import { modelFiles } from '../../onnx/folder/modelFiles.ts';
import type { FileSize } from '../../protocol/results/model.ts';
import { gzippedSize, type GzipOptions, type GzippedSize } from './gzippedSize.ts';

/** Compresses a sample of large files, unless all bytes are requested; see gzippedSize. */
export async function measureFileSize(file: ModelFile, options: GzipOptions = {}): Promise<FileSize> {
  const paths = modelFiles(file);
  return { bytes: await bytesOnDisk(file), ...(await gzippedSize(paths, options)) };
}

/** The ONNX file and its external data. */
export async function bytesOnDisk(file: ModelFile): Promise<number> {
  const stats = await Promise.all(modelFiles(file).map((path) => stat(path)));
  return stats.reduce((sum, { size }) => sum + size, 0);
}

/** `412.3 MB`, or for a sample `about 412.3 MB ± 0.5 %`. */
export function describeGzipped({ gzippedBytes, gzippedError }: GzippedSize): string {
  if (gzippedError === null) return byteSize(gzippedBytes);
  return `about ${byteSize(gzippedBytes)} ± ${((100 * gzippedError) / Math.max(1, gzippedBytes)).toFixed(1)} %`;
}
