/** Writes files that appear complete or not at all. */

import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A complete file on the disk under a temporary name, not yet in its place. */
export interface PendingFile {
  readonly path: string;
  /** Moves the file to its place, over an existing one. */
  readonly commit: () => Promise<void>;
  /** Removes the temporary file. Does nothing after commit. */
  readonly discard: () => Promise<void>;
}

/** The contents of a file in order; those that come one by one, as they are read from elsewhere, are not held all at once. */
export type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Writes `pieces` one after another beside `path`. Leaves nothing behind if it fails. */
export async function writePending(path: string, pieces: Pieces): Promise<PendingFile> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const discard = () => rm(temporary, { force: true });
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'wx');
    for await (const piece of batches(pieces)) await writeAll(file, piece);
    await file.sync();
    await file.close();
  } catch (error) {
    await file?.close().catch(() => undefined);
    await discard();
    throw error;
  }
  const commit = async () => {
    await rename(temporary, path);
    await syncFolder(folder);
  };
  return { path, commit, discard };
}

/** Writes a whole file in one go: after a crash there is the old one or the new one. */
export async function writeAtomically(path: string, pieces: Pieces): Promise<void> {
  const pending = await writePending(path, pieces);
  try {
    await pending.commit();
  } catch (error) {
    await pending.discard();
    throw error;
  }
}

/** Makes the names in a folder survive a power failure. Windows cannot open a folder, and needs no such call. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Small pieces are joined first: a system call for each would take longer. */
const batchSize = 1 << 20;

async function* batches(pieces: Pieces): AsyncGenerator<Uint8Array> {
  let small: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    if (size > 0 && size + piece.byteLength > batchSize) {
      yield Buffer.concat(small, size);
      small = [];
      size = 0;
    }
    if (piece.byteLength > batchSize) yield piece;
    else {
      small.push(piece);
      size += piece.byteLength;
    }
  }
  if (size > 0) yield Buffer.concat(small, size);
}

/** One system call writes at most 2 GB, and may write less. */
const largestWrite = 1 << 28;

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(largestWrite, bytes.byteLength - done));
    done += bytesWritten;
  }
}
