/** Reads the lines of a growing file, each once, without copying or decoding them. */

import { readFully } from '../../base/readFully.ts';
import type { FileHandle } from 'node:fs/promises';
import { Pause } from '../../base/pause.ts';

/**
 * A line without its end: bytes `start` to `end` of a buffer that is used again later. `offset` is where it begins in the file. Who
 * returns false is given this line again at the next reading, and none after it now.
 */
export type UseLine = (bytes: Buffer, start: number, end: number, offset: number) => unknown;

const chunkSize = 4 << 20;

/** Maximum bytes of a line. Longer lines, which no run writes, would block everything while they are parsed. */
export const longestLine = 2 << 20;

const newline = 10;

export class LineReader {
  /** Bytes done. The next byte begins a line, or continues one that is too long. */
  position = 0;
  /** Number of the last line, from 1. */
  number = 0;
  /** Number of lines that were too long. */
  skipped = 0;
  private inLongLine = false;

  /**
   * Calls back for each further line that ends before byte `size` of the file. The next chunk is read during the search in this one.
   * @param goOn asked before each chunk.
   */
  async read(file: FileHandle, size: number, use: UseLine, goOn: () => boolean): Promise<void> {
    const length = Math.min(chunkSize, size - this.position);
    if (length <= 0) return;
    const buffers: [Buffer, Buffer] = [
      Buffer.allocUnsafeSlow(length),
      Buffer.allocUnsafeSlow(size - this.position > length ? length : 0),
    ];
    const pause = new Pause();
    let chunk = readUpTo(file, buffers[0], this.position, size);
    while (goOn()) {
      const bytes = await chunk;
      const last = bytes.lastIndexOf(newline);
      // The end of the file. Its last line is incomplete.
      if (last < 0 && bytes.length < chunkSize) return;
      const offset = this.position;
      this.position += last < 0 ? bytes.length : last + 1;
      buffers.reverse();
      chunk = readUpTo(file, buffers[0], this.position, size);
      // Awaited in the next round, or never if this is the last.
      chunk.catch(() => undefined);
      if (last < 0) this.inLongLine = true;
      else if (!(await this.useLines(bytes.subarray(0, last + 1), offset, use, pause))) break;
    }
    await chunk;
  }

  /** Whether all were taken. */
  private async useLines(bytes: Buffer, offset: number, use: UseLine, pause: Pause): Promise<boolean> {
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(newline, start);
      this.number += 1;
      if (this.inLongLine || end - start > longestLine) {
        this.inLongLine = false;
        this.skipped += 1;
      } else if (end > start && use(bytes, start, end, offset + start) === false) {
        this.number -= 1;
        this.position = offset + start;
        return false;
      }
      start = end + 1;
      if (pause.due) await pause.take();
    }
    return true;
  }
}

/** Fills the buffer from the file, up to byte `size`. */
export async function readUpTo(file: FileHandle, buffer: Buffer, position: number, size: number): Promise<Buffer> {
  const wanted = buffer.subarray(0, Math.max(0, Math.min(buffer.length, size - position)));
  return wanted.subarray(0, await readFully(file, wanted, position));
}
