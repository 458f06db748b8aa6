/** A first look at a long metrics file, as quick for gigabytes as for megabytes: its beginning, its end, and steps from places all over it. */

import type { FileHandle } from 'node:fs/promises';
import type { StartRecord, StepRecord } from '../../protocol/records.ts';
import { readUpTo } from './lineReader.ts';
import { Pause } from '../../base/pause.ts';
import { recordOf } from './recordLine.ts';

export interface Glance {
  /** Undefined if the file does not begin with it. */
  readonly start: StartRecord | undefined;
  /** Rising. The last one is the newest of the file, if that has a step near its end. */
  readonly steps: readonly StepRecord[];
}

/** Places to look at: about as many as a chart in the sidebar can show. */
const places = 128;

/** Places read at a time. */
const together = 16;

/** Bytes in which the first two lines must end. With thousands of layers each has half a megabyte. */
const longestHead = 2 << 20;

/** Lines to read at a place, so that one of them is whole, and at the end, where short records of other kinds may follow the last step. */
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
      // What a place begins with is the rest of a line.
      found.push(firstStep(wholeLines(bytes).slice(1)));
      if (pause.due) await pause.take();
    }
  }
  const end = await readAt(file, Math.max(0, size - line * linesAtEnd), line * linesAtEnd, size);
  found.push(firstStep(wholeLines(end).slice(1).reverse()));
  return { start: recordOf('start', first), steps: rising(found) };
}

/** Without those that a rewind took back: a later step with a lower number is the one that counts. */
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
