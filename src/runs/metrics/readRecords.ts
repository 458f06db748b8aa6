/** Reads a metrics.jsonl of any length from beginning to end, for those who need every record but no layer. */

import { open } from 'node:fs/promises';
import { parseMetricsRecord, RecordError, type MetricsRecord } from '../../protocol/records.ts';
import { textWithoutLayers } from './layersInLines.ts';
import { LineReader } from './lineReader.ts';

/**
 * All records of a metrics file, rewound ones included; none if there is no file. A last line without its end is left out.
 * @param use is given the bytes of each line and its record, too.
 * @throws Error naming the file and the line that is no record.
 */
export async function readRecords(
  path: string,
  use: (line: Buffer, record: MetricsRecord) => void = () => undefined,
): Promise<MetricsRecord[]> {
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
      (bytes, start, end) => {
        const record = parseMetricsRecord(textWithoutLayers(bytes, start, end));
        use(bytes.subarray(start, end), record);
        records.push(record.kind === 'step' && record.layers ? { ...record, layers: [] } : record);
      },
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
