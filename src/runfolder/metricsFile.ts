/** metrics.jsonl and layers.f32: lines and their rows are only ever appended, and what a crash cut short is removed before the next is written. */

import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { reasonOf } from '../base/errors.ts';
import type { MetricsRecord } from '../protocol/records.ts';
import { unknownLayers, type LayerNumbers } from '../protocol/series.ts';
import type { RunPaths } from '../runs/paths.ts';
import { packRow, rowBytes } from '../runs/metrics/layerRows.ts';
import { layersOfLine } from '../runs/metrics/layersInLines.ts';
import { readRecords } from '../runs/metrics/readRecords.ts';

/** A record as it is made; time and attempt are added when it is written. */
export type NewRecord = MetricsRecord extends infer R
  ? R extends MetricsRecord
    ? Omit<R, 'time' | 'attempt'>
    : never
  : never;

export class MetricsFile {
  /** Of the lines that are written from now on. A rollback begins another. */
  attempt: number;
  /** What stood there when the file was opened. */
  readonly earlier: readonly MetricsRecord[];
  private readonly lines: AppendedFile;
  private readonly rows: AppendedFile;

  private constructor(lines: AppendedFile, rows: AppendedFile, earlier: readonly MetricsRecord[]) {
    this.lines = lines;
    this.rows = rows;
    this.earlier = earlier;
    this.attempt = 1 + earlier.reduce((most, record) => Math.max(most, record.attempt), 0);
  }

  /**
   * Opens the files for appending, after repairing their ends; makes them if there are none. A row that has no line goes. A line that has
   * no row, after a power failure or in a run of the earlier form, gets it from the line, or NaN.
   * @throws Error naming the line of metrics.jsonl that is no record.
   */
  static async open(paths: Pick<RunPaths, 'metrics' | 'layers'>): Promise<MetricsFile> {
    const [lines, rows] = [new AppendedFile(paths.metrics), new AppendedFile(paths.layers)];
    try {
      lines.cutAfterLast('\n');
      return new MetricsFile(lines, rows, await repairRows(paths.metrics, rows));
    } catch (error) {
      lines.close();
      rows.close();
      throw error;
    }
  }

  /**
   * The line is in the system's hands when this returns: it outlasts the process, but not yet a power failure. Its row is so before it: who
   * sees a line finds its row.
   * @param layers of a step.
   * @throws Error if the disk is full; no part of the line stays.
   */
  append(made: NewRecord, layers?: LayerNumbers): void {
    if (made.kind === 'rewind' && made.cause === 'rollback') this.attempt += 1;
    // Keys in the order in which people look for them.
    const { kind, step, ...rest } = made;
    const record = { kind, attempt: this.attempt, step, time: new Date().toISOString(), ...rest };
    const { size } = this.rows;
    try {
      if (layers) this.rows.append(packRow(layers));
      this.lines.append(Buffer.from(`${JSON.stringify(record)}\n`));
    } catch (error) {
      this.rows.cut(size);
      throw new Error(`metrics.jsonl could not be written: ${reasonOf(error)}`);
    }
  }

  /** Makes all lines so far outlast a power failure. */
  sync(): void {
    this.rows.sync();
    this.lines.sync();
  }

  close(): void {
    this.lines.close();
    this.rows.close();
  }
}

/** A file to whose end whole pieces are written. */
class AppendedFile {
  size: number;
  private readonly descriptor: number;

  constructor(path: string) {
    this.descriptor = openSync(path, 'a+');
    this.size = fstatSync(this.descriptor).size;
  }

  /** @throws Error if the disk is full; no part of the piece stays. */
  append(piece: Buffer): void {
    try {
      // A disk that is nearly full takes a part of it.
      if (writeSync(this.descriptor, piece) < piece.length) throw new Error('the disk is full');
    } catch (error) {
      ftruncateSync(this.descriptor, this.size);
      throw error;
    }
    this.size += piece.length;
  }

  cut(size: number): void {
    if (size === this.size) return;
    ftruncateSync(this.descriptor, size);
    this.size = size;
  }

  /** Cuts off what follows the last of this character. Reads backwards in blocks, because the file may be long. */
  cutAfterLast(character: string): void {
    const block = Buffer.alloc(65536);
    let end = this.size;
    while (end > 0) {
      const start = Math.max(0, end - block.length);
      const read = readSync(this.descriptor, block, 0, end - start, start);
      const after = block.subarray(0, read).lastIndexOf(character) + 1;
      end = start + after;
      if (after > 0) break;
    }
    this.cut(end);
  }

  sync(): void {
    fsyncSync(this.descriptor);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** @returns what stands in metrics.jsonl. */
async function repairRows(metrics: string, rows: AppendedFile): Promise<MetricsRecord[]> {
  let [names, width, steps]: [string[], number, number] = [[], 0, 0];
  const records = await readRecords(metrics, (line, record) => {
    if (record.kind === 'start') {
      names = record.layers.map(({ name }) => name);
      width = rowBytes(names.length);
    }
    if (record.kind !== 'step') return;
    steps += 1;
    if (steps * width <= rows.size) return;
    rows.cut((steps - 1) * width);
    rows.append(packRow(record.layers ? layersOfLine(line, names) : unknownLayers(names.length)));
  });
  rows.cut(steps * width);
  return records;
}
