/** Parses a line of a metrics file as a record of one kind. */

import { parseMetricsRecord, RecordError, type MetricsRecord } from '../../protocol/records.ts';

/** Undefined for any other line. */
export function recordOf<Kind extends MetricsRecord['kind']>(
  kind: Kind,
  line: Buffer,
): Extract<MetricsRecord, { kind: Kind }> | undefined {
  try {
    const record = parseMetricsRecord(String(line));
    return record.kind === kind ? (record as Extract<MetricsRecord, { kind: Kind }>) : undefined;
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
