/** A first look at a long metrics file, equally quick for megabytes and gigabytes: its beginning, its end, and steps at places in between. */

import type { FileHandle } from 'node:fs/promises';
import type { StartRecord, StepRecord } from '../../protocol/records.ts';
import { readUpTo } from './lineReader.ts';
import { Pause } from '../../base/pause.ts';
import { recordOf } from './recordLine.ts';

export interface Glance {
  /** Undefined if the file does not begin with a start record. */
  readonly start: StartRecord | undefined;
  /** In rising order. The last is the newest of the file, if a step stands near its end. */
  readonly steps: readonly StepRecord[];
}

/** Number of places: about as many as a chart in the sidebar can show. */
const places = 128;

/** Places read at a time. */
const together = 16;

/** Bytes that hold the first two lines. With thousands of layers each has half a megabyte. */
const longestHead = 2 << 20;

/** Lines to read at a place, so that one is complete; and at the end, where short records of other kinds may follow the last step. */
const linesAtPlace = 2.5;
const linesAtEnd = 5;

/** @param size bytes of the file. */
export async function glanceAt(file: FileHandle, size: number): Promise<Glance> {
  const head = await readAt(file, 0, longestHead, size);
  const [first, second] = wholeLines(head);
  if (!first || !second) return { start: undefined, steps: [] };
  const line = Math.max(first.length, second.length);
  const found: (StepRecord | undefined)[] = [];
  const pause = new Pause();
  for (let done = 0; done < places; done += together) {
    const some = Array.from({ length: together }, (_, i) => Math.floor(((done + i) * size) / places));
    for (const bytes of await Promise.all(some.map((place) => readAt(file, place, line * linesAtPlace, size)))) {
      // A place begins with the rest of a line.
      found.push(firstStep(wholeLines(bytes).slice(1)));
      if (pause.due) await pause.take();
    }
  }
  const end = await readAt(file, Math.max(0, size - line * linesAtEnd), line * linesAtEnd, size);
  found.push(firstStep(wholeLines(end).slice(1).reverse()));
  return { start: recordOf('start', first), steps: rising(found) };
}

/** Without steps that a rewind took back: of two steps, a later line with a lower number counts. */
function rising(steps: readonly (StepRecord | undefined)[]): StepRecord[] {
  const risen: StepRecord[] = [];
  for (const step of steps) {
    if (!step) continue;
    while ((risen.at(-1)?.step ?? -1) >= step.step) risen.pop();
    risen.push(step);
  }
  return risen;
}

function firstStep(lines: readonly Buffer[]): StepRecord | undefined {
  for (const line of lines) {
    const step = recordOf('step', line);
    if (step) return step;
  }
  return undefined;
}

function wholeLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; ;) {
    const end = bytes.indexOf('\n', start);
    if (end < 0) return lines;
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
}

function readAt(file: FileHandle, position: number, length: number, size: number): Promise<Buffer> {
  const wanted = Math.min(Math.ceil(length), size - position);
  return readUpTo(file, Buffer.allocUnsafe(wanted), Math.floor(position), size);
}
