/** Reads the whole metrics of a short run at once, by other means than the readers under test. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseMetricsRecord, type MetricsRecord, type StepRecord } from '../../src/protocol/records.ts';

export interface NamedLayer {
  readonly name: string;
  /** Null where it is NaN. */
  readonly threshold: number | null;
  readonly sparsity: number;
}

export type StepWithLayers = Omit<StepRecord, 'layers'> & { readonly layers: NamedLayer[] };
export type ReadRecord = Exclude<MetricsRecord, StepRecord> | StepWithLayers;

/**
 * All records, rewound ones included, each step with its row of layers.f32. A last line without its end is left out.
 * @throws Error if a step has no row.
 */
export function readMetrics(path: string): ReadRecord[] {
  if (!existsSync(path)) return [];
  const records = readFileSync(path, 'utf8').split('\n').slice(0, -1).map(parseMetricsRecord);
  // Read after the lines, which a trainer may be adding to.
  const layersFile = join(dirname(path), 'layers.f32');
  const bytes = existsSync(layersFile) ? readFileSync(layersFile) : Buffer.alloc(0);
  let names: string[] = [];
  let row = 0;
  return records.map((record): ReadRecord => {
    if (record.kind === 'start') names = record.layers.map(({ name }) => name);
    if (record.kind !== 'step') return record;
    const layers = names.map((name, i): NamedLayer => {
      const at = 8 * (row * names.length + i);
      if (at + 8 > bytes.length) throw new Error(`${layersFile}: step ${record.step} has no row ${row}`);
      const threshold = bytes.readFloatLE(at);
      return { name, threshold: Number.isNaN(threshold) ? null : threshold, sparsity: bytes.readFloatLE(at + 4) };
    });
    row += 1;
    return { ...record, layers };
  });
}
