/** Where the files inside a zip file stand. Nothing is unpacked, so nothing can become larger than it is. */

import type { FileHandle } from 'node:fs/promises';
import { fromRandomAccessReaderPromise, RandomAccessReader } from 'yauzl';
import { reasonOf, WeightFileError } from '../../base/errors.ts';
import { readFully } from '../../base/readFully.ts';
import type { WeightFile } from './weightFile.ts';

export interface ZipEntry {
  /** Byte in the zip file. */
  readonly start: number;
  /** Bytes. */
  readonly size: number;
  /** Whether its bytes stand there as they are: neither compressed nor encrypted. */
  readonly isPlain: boolean;
}

/** Ten times as many tensors as the largest speech models have. */
const mostEntries = 50_000;

/** Those with longer names are left out: no tensor's data has one. */
const longestName = 250;

/**
 * The entries by name. Zip64 files, too.
 * @throws WeightFileError if this is no zip file, or a damaged one, or if two entries have one name.
 */
export async function zipEntries(file: WeightFile): Promise<ReadonlyMap<string, ZipEntry>> {
  const damaged = (problem: string, cause?: unknown): WeightFileError =>
    new WeightFileError(file.path, `it is damaged: ${problem}`, cause);
  const entries = new Map<string, ZipEntry>();
  try {
    const zip = await fromRandomAccessReaderPromise(new FileReader(file.handle, file.size), file.size, {
      autoClose: false,
    });
    if (zip.entryCount > mostEntries) throw damaged(`its directory has ${zip.entryCount} entries`);
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.length > longestName) continue;
      if (entries.has(entry.fileName)) throw damaged('two entries of the zip file have the same name');
      const { fileDataStart: start } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const isPlain = entry.compressionMethod === 0 && !entry.isEncrypted();
      entries.set(entry.fileName, { start, size: entry.compressedSize, isPlain });
    }
  } catch (error) {
    throw error instanceof WeightFileError
      ? error
      : damaged(`its zip directory cannot be read (${firstLine(error)})`, error);
  }
  return entries;
}

/** yauzl's own messages are several sentences with symbols. */
function firstLine(error: unknown): string {
  return /^[^.\n]*/u.exec(reasonOf(error))?.[0] ?? '';
}

/** yauzl closes what it opens itself, and throws where nobody can catch it if an offset is beyond all files. */
class FileReader extends RandomAccessReader {
  readonly #handle: FileHandle;
  readonly #size: number;

  constructor(handle: FileHandle, size: number) {
    super();
    this.#handle = handle;
    this.#size = size;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    if (!Number.isSafeInteger(position) || position + length > this.#size) {
      callback(new Error('it points behind the end of the file'));
      return;
    }
    readFully(this.#handle, buffer.subarray(offset, offset + length), position).then(
      (count) => callback(null, count),
      (error: unknown) => callback(error as Error),
    );
  }
}
