/** The worker thread that computes the checksum of a model's files. */

import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

export interface HashRequest {
  /** Read one after the other. */
  readonly paths: readonly string[];
}

/** The SHA-256 in hexadecimal digits. */
export type HashAnswer = string;

const { paths } = workerData as HashRequest;
const hash = createHash('sha256');
// The buffer is reused: new memory would have to be cleared, which takes as long as the checksum.
const chunk = Buffer.allocUnsafe(1 << 20);
for (const path of paths) {
  const file = openSync(path, 'r');
  try {
    for (let read = -1; read !== 0;) {
      read = readSync(file, chunk);
      hash.update(chunk.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
}
parentPort?.postMessage(hash.digest('hex') satisfies HashAnswer);
