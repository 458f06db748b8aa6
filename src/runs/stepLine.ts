/** The record of a step from its line in a metrics file. */

import { parseMetricsRecord, RecordError, type StepRecord } from '../protocol/records.ts';

/** Undefined if something else stands there. */
export function parseStep(line: Buffer | undefined): StepRecord | undefined {
  try {
    const record = parseMetricsRecord(String(line));
    return record.kind === 'step' ? record : undefined;
  } catch (error) {
    if (error instanceof RecordError) return undefined;
    throw error;
  }
}
