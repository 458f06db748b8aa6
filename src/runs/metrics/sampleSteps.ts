/** Finds some hundred steps spread over a long metrics file without reading it: a first picture of its run. */

import type { FileHandle } from 'node:fs/promises';
import { parseIndexedRecord, type IndexedRecord } from '../../protocol/records.ts';
import { firstRows } from '../../protocol/series.ts';
import { readUpTo } from './lineReader.ts';
import { indexedStep, type IndexedStep } from './metricsIndex.ts';

/** Reads at a time, steps that are looked for, and bytes that are read for each. With the newest step they are a first picture. */
const together = 16;
const samples = firstRows - together;
const chunk = 2048;

const marker = '\n{"kind":"step",';

/**
 * Steps before `last`, rising. None where lines and rows of layers.f32 do not go together one by one from the first step on, as after a rewind:
 * then which line counts is known only when all have been read.
 * @param size of the file. @param last the newest step. @param rows of layers.f32.
 */
export async function sampleSteps(
  metrics: FileHandle,
  size: number,
  last: number,
  rows: number,
): Promise<IndexedStep[]> {
  const found: IndexedStep[] = [];
  let first: number | undefined;
  for (let done = 0; done < samples; done += together) {
    const places = Array.from({ length: together }, (_, at) => Math.floor(((done + at) * size) / samples));
    for (const record of await Promise.all(places.map((place) => stepAfter(metrics, place, size)))) {
      if (record?.kind !== 'step' || record.layers) continue;
      first ??= record.step;
      if (rows !== last - first + 1) return [];
      if (record.step >= last) return found;
      if (record.step <= (found.at(-1)?.step ?? -1)) continue;
      found.push(indexedStep(record, { row: record.step - first, offset: 0, length: 0 }));
    }
  }
  return found;
}

/** The first whole step line behind a place; undefined if none is near. */
async function stepAfter(metrics: FileHandle, place: number, size: number): Promise<IndexedRecord | undefined> {
  // The file's first line may be long: it names the layers.
  const bytes = await readUpTo(metrics, Buffer.allocUnsafe(place === 0 ? 1 << 18 : chunk), place, size);
  const begin = bytes.indexOf(marker) + 1;
  const end = bytes.indexOf('\n', begin);
  if (begin === 0 || end < 0) return undefined;
  try {
    return parseIndexedRecord(bytes.toString('utf8', begin, end));
  } catch {
    return undefined;
  }
}
