/** Reads a whole metrics.jsonl at once, for those who need every record. */

import { existsSync, readFileSync } from 'node:fs';
import { parseMetricsRecord, RecordError, type MetricsRecord } from '../protocol/records.ts';

/**
 * All records of a metrics file, rewound ones included; none if there is no file. A last line without its end is left out.
 * @throws Error naming the file and the line that is no record.
 */
export function readMetrics(path: string): MetricsRecord[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line, index) => {
    try {
      return parseMetricsRecord(line);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      throw new Error(`${path}:${index + 1}: this is no line of a run's metrics: ${error.message}`);
    }
  });
}
