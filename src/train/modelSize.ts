/** How large a model's files are, as they are and compressed. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ModelFile } from '../onnx/load.ts';

export interface FileSize {
  /** The ONNX file and its external data. */
  readonly bytes: number;
  /** The same after gzip at its default level, file by file: where zeros pay at once. */
  readonly gzippedBytes: number;
}

/** Reads the files through, without holding them in memory. */
export async function measureFileSize(file: ModelFile): Promise<FileSize> {
  const paths = modelFiles(file);
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  let gzippedBytes = 0;
  for (const path of paths) gzippedBytes += await gzippedSize(path);
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), gzippedBytes };
}

/** The ONNX file, and each file that holds some of its tensors. */
export function modelFiles(file: ModelFile): string[] {
  const locations = (file.proto.graph?.initializer ?? []).flatMap((tensor) =>
    tensor.externalData.filter(({ key }) => key === 'location').map(({ value }) => join(file.folder, value)),
  );
  return [file.path, ...new Set(locations)];
}

async function gzippedSize(path: string): Promise<number> {
  let bytes = 0;
  await pipeline(createReadStream(path), createGzip(), async (compressed: AsyncIterable<Buffer>) => {
    for await (const chunk of compressed) bytes += chunk.length;
  });
  return bytes;
}
