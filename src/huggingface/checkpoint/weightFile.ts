/** A file of weights that is open for reading by position. */

import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { reasonOf, WeightFileError } from '../../base/errors.ts';
import { readFully } from '../../base/readFully.ts';

/** Without O_NONBLOCK, opening a named pipe would wait for its other end. Windows has no such flag. */
const readOnly = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);

const lfsPointer = 'version https://git-lfs';

export class WeightFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;

  private constructor(path: string, handle: FileHandle, size: number) {
    this.path = path;
    this.handle = handle;
    this.size = size;
  }

  /** @throws WeightFileError if there is no such file, or if it only says where the weights are. */
  static async open(path: string): Promise<WeightFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, readOnly);
      const stat = await handle.stat();
      if (!stat.isFile()) throw new Error('this is not a file');
      const start = Buffer.alloc(lfsPointer.length);
      await readFully(handle, start, 0);
      if (start.toString('latin1') === lfsPointer) {
        throw new Error('this is a pointer of Git LFS instead of the weights; fetch them with "git lfs pull"');
      }
      return new WeightFile(path, handle, stat.size);
    } catch (error) {
      await handle?.close();
      throw new WeightFileError(path, reasonOf(error), error);
    }
  }

  /** Fills `into` from a position on. @throws WeightFileError if the file ends before, or the disk fails. */
  async read(into: Uint8Array, position: number): Promise<void> {
    const count = await readFully(this.handle, into, position).catch((error: unknown) => {
      throw new WeightFileError(this.path, reasonOf(error), error);
    });
    if (count < into.length) throw new WeightFileError(this.path, 'it has become shorter since it was opened');
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}
