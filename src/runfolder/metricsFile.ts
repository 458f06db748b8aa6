/** metrics.jsonl: lines are only ever appended, and a line that a crash cut short is removed before the next is written. */

import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { reasonOf } from '../base/errors.ts';
import type { MetricsRecord } from '../protocol/records.ts';

export class MetricsFile {
  private readonly descriptor: number;
  private size: number;

  private constructor(descriptor: number) {
    this.descriptor = descriptor;
    this.size = fstatSync(descriptor).size;
  }

  /** Opens the file for appending, after repairing its end; makes it if there is none. */
  static open(path: string): MetricsFile {
    if (existsSync(path)) repairEnd(path);
    return new MetricsFile(openSync(path, 'a'));
  }

  /**
   * The line is in the system's hands when this returns: it outlasts the process, but not yet a power failure.
   * @throws Error if the disk is full; no part of the line stays.
   */
  append(record: MetricsRecord): void {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      // A disk that is nearly full takes a part of it.
      if (writeSync(this.descriptor, line) < line.length) throw new Error('the disk is full');
    } catch (error) {
      ftruncateSync(this.descriptor, this.size);
      throw new Error(`metrics.jsonl could not be written: ${reasonOf(error)}`);
    }
    this.size += line.length;
  }

  /** Makes all lines so far outlast a power failure. */
  sync(): void {
    fsyncSync(this.descriptor);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** Cuts off what follows the last line end. Reads backwards in blocks, because the file may be long. */
function repairEnd(path: string): void {
  const descriptor = openSync(path, 'r+');
  try {
    const block = Buffer.alloc(65536);
    let end = fstatSync(descriptor).size;
    const size = end;
    while (end > 0) {
      const start = Math.max(0, end - block.length);
      const read = readSync(descriptor, block, 0, end - start, start);
      const newline = block.lastIndexOf('\n'.charCodeAt(0), read - 1);
      if (newline >= 0 && newline < read) {
        end = start + newline + 1;
        break;
      }
      end = start;
    }
    if (end < size) {
      ftruncateSync(descriptor, end);
      fsyncSync(descriptor);
    }
  } finally {
    closeSync(descriptor);
  }
}
