/** How large a model's files are, as they are and compressed. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelFile } from '../onnx/load.ts';
import { gzippedSize, type GzipOptions, type GzippedSize } from './gzippedSize.ts';
import { byteSize } from './textTable.ts';

export interface FileSize extends GzippedSize {
  /** The ONNX file and its external data. */
  readonly bytes: number;
}

/** Compresses a sample of large files, unless all of it is asked for; see gzippedSize. */
export async function measureFileSize(file: ModelFile, options: GzipOptions = {}): Promise<FileSize> {
  const paths = modelFiles(file);
  return { bytes: await bytesOnDisk(file), ...(await gzippedSize(paths, options)) };
}

/** The ONNX file and its external data. */
export async function bytesOnDisk(file: ModelFile): Promise<number> {
  const stats = await Promise.all(modelFiles(file).map((path) => stat(path)));
  return stats.reduce((sum, { size }) => sum + size, 0);
}

/** The ONNX file, and each file that holds some of its tensors. */
export function modelFiles(file: ModelFile): string[] {
  const locations = (file.proto.graph?.initializer ?? []).flatMap((tensor) =>
    tensor.externalData.filter(({ key }) => key === 'location').map(({ value }) => join(file.folder, value)),
  );
  return [file.path, ...new Set(locations)];
}

/** `412.3 MB`, or of a sample `about 412.3 MB ± 0.5 %`. */
export function describeGzipped({ gzippedBytes, gzippedError }: GzippedSize): string {
  if (gzippedError === null) return byteSize(gzippedBytes);
  return `about ${byteSize(gzippedBytes)} ± ${((100 * gzippedError) / Math.max(1, gzippedBytes)).toFixed(1)} %`;
}
