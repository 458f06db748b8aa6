/** The newest records of a run, from the end of its metrics file: a list of runs need not read all of their steps. */

import { open } from 'node:fs/promises';
import { effectiveRecords, parseIndexedRecord, type IndexedRecord, type MetricsRecord } from '../protocol/records.ts';
import { textWithoutLayers } from './metrics/layersInLines.ts';
import { readUpTo } from './metrics/lineReader.ts';

/** Bytes that are read: over ten thousand steps. */
const length = 4 << 20;

/** Records that count among the newest, steps left out; none if there is no file. Lines that are none are passed over. */
export async function lastRecords(path: string): Promise<Exclude<MetricsRecord, { kind: 'step' }>[]> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return [];
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - length);
    const bytes = await readUpTo(file, Buffer.allocUnsafe(size - from), from, size);
    const records: Exclude<MetricsRecord, { kind: 'step' }>[] = [];
    for (let start = from === 0 ? 0 : bytes.indexOf('\n') + 1, end; start < bytes.length; start = end + 1) {
      end = bytes.indexOf('\n', start);
      if (end < 0) break;
      // Most lines are steps.
      if (bytes.subarray(start, start + stepBegins.length).equals(stepBegins)) continue;
      const record = recordOf(textWithoutLayers(bytes, start, end));
      if (record && record.kind !== 'step') records.push(record);
    }
    return effectiveRecords(records);
  } finally {
    await file.close();
  }
}

const stepBegins = Buffer.from('{"kind":"step",');

function recordOf(line: string): IndexedRecord | undefined {
  try {
    return parseIndexedRecord(line);
  } catch {
    return undefined;
  }
}
