/** The files that a model is stored in, and their checksum. */

import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelFile } from './load.ts';

/** The ONNX file, and each file that holds some of its tensors. */
export function modelFiles(file: ModelFile): string[] {
  const locations = (file.proto.graph?.initializer ?? []).flatMap((tensor) =>
    tensor.externalData.filter(({ key }) => key === 'location').map(({ value }) => join(file.folder, value)),
  );
  return [file.path, ...new Set(locations)];
}

/** SHA-256 of the ONNX file and of each file that holds some of its tensors, one behind the other. */
export async function hashModel(file: ModelFile): Promise<string> {
  const hash = createHash('sha256');
  // The same memory again and again: a stream's chunks are new each time, and clearing them takes as long as the checksum.
  const chunk = Buffer.allocUnsafe(1 << 20);
  for (const path of modelFiles(file)) {
    const from = await open(path, 'r');
    try {
      for (;;) {
        const { bytesRead } = await from.read(chunk, 0, chunk.length);
        if (bytesRead === 0) break;
        hash.update(chunk.subarray(0, bytesRead));
      }
    } finally {
      await from.close();
    }
  }
  return hash.digest('hex');
}
