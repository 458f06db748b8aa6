/** The files of a model, and their checksum. */

import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { HashAnswer, HashRequest } from './hashWorker.ts';
import { locationOf } from '../file/external.ts';
import type { ModelFile } from '../file/load.ts';
import { isExternal } from '../file/storedTensor.ts';

/** The ONNX file, and each file with some of its tensors. */
export function modelFiles(file: ModelFile): string[] {
  const locations = (file.proto.graph?.initializer ?? []).flatMap((tensor) =>
    isExternal(tensor) ? [join(file.folder, locationOf(tensor))] : [],
  );
  return [...new Set([file.path, ...locations])];
}

/**
 * SHA-256 over the ONNX file and each file with some of its tensors, in this order. It runs in a thread of its own: a gigabyte takes a second,
 * in which the model can be loaded.
 * @throws Error of the file system if a file cannot be read.
 */
export async function hashModel(file: ModelFile): Promise<string> {
  return hashFiles(modelFiles(file));
}

/** SHA-256 of files, one behind the other, made in a thread of its own. @throws Error of the file system if one cannot be read. */
export async function hashFiles(paths: readonly string[]): Promise<string> {
  const worker = new Worker(hashWorker(), { workerData: { paths } satisfies HashRequest });
  const [answer] = (await once(worker, 'message')) as [HashAnswer];
  return answer;
}

/** Beside this file once bundled; run from source, in the bundles' folder. */
function hashWorker(): URL {
  const fromSource = import.meta.url.endsWith('.ts');
  return new URL(fromSource ? '../../../dist/hash-worker.js' : './hash-worker.js', import.meta.url);
}
