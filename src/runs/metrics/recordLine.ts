/** A record of one kind from its line in a metrics file. */

import { parseMetricsRecord, RecordError, type MetricsRecord } from '../../protocol/records.ts';

/** Undefined if something else stands there. */
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
