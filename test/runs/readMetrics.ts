/** Reads a whole, short metrics.jsonl at once, by other means than the readers under test. */

import { existsSync, readFileSync } from 'node:fs';
import { parseMetricsRecord, type MetricsRecord } from '../../src/protocol/records.ts';

/** All records, rewound ones included. A last line without its end is left out. */
export function readMetrics(path: string): MetricsRecord[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split('\n').slice(0, -1).map(parseMetricsRecord);
}
