/** Reads a metrics.jsonl of any length from beginning to end, for callers that need every record but not every layer. */

import { open } from 'node:fs/promises';
import { parseMetricsRecord, RecordError, type MetricsRecord } from '../../protocol/records.ts';
import { LineReader } from './lineReader.ts';

/**
 * All records of a metrics file, including those before a rewind; none if there is no file. Steps have empty `layers`: those of a long run
 * would not fit into memory. An incomplete last line is left out.
 * @throws Error naming the file and the first invalid line.
 */
export async function readRecords(path: string): Promise<MetricsRecord[]> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return [];
  const lines = new LineReader();
  const records: MetricsRecord[] = [];
  try {
    const { size } = await file.stat();
    await lines.read(
      file,
      size,
      (bytes, start, end) => records.push(parseWithoutLayers(bytes.toString('utf8', start, end))),
      () => true,
    );
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    throw new Error(`${path}:${lines.number}: this is not a line of a run's metrics: ${error.message}`);
  } finally {
    await file.close();
  }
  if (lines.skipped > 0) throw new Error(`${path}: it has a line that is longer than any of a run's metrics.`);
  return records;
}

const stepBegins = '{"kind":"step",';
const layersBegin = ',"layers":[';

function parseWithoutLayers(line: string): MetricsRecord {
  // The trainer writes a step's layers last, and they are most of the line.
  const layers = line.startsWith(stepBegins) && line.endsWith(']}') ? line.indexOf(layersBegin) : -1;
  const record = (layers >= 0 && parseIfWhole(`${line.slice(0, layers)}${layersBegin}]}`)) || parseMetricsRecord(line);
  return record.kind === 'step' ? { ...record, layers: [] } : record;
}

/** The record, unless it lacks a key that may stand after the layers. */
function parseIfWhole(line: string): MetricsRecord | undefined {
  try {
    return parseMetricsRecord(line);
  } catch {
    return undefined;
  }
}
