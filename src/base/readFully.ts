/** Reads a piece of a file completely, even if a system call returns less. */

import type { FileHandle } from 'node:fs/promises';

/** A system call reads at most 2 GB. */
const largestRead = 1 << 28;

/** Fills `into` from a position on. @returns the number of bytes read, which is smaller only at the end of the file. */
export async function readFully(file: FileHandle, into: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, Math.min(largestRead, into.length - done), position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
