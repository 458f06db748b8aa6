/** Turns what a model may cost into a sparsity, by a table measured on it. */

import { byteSize, percent } from '../../base/format.ts';
import type { CostRow } from './costTable.ts';

/** What a model may cost at most; null for anything. */
export interface Budget {
  /** After gzip. */
  readonly bytes: number | null;
  /** Of an utterance, divided by the dense model's. */
  readonly latency: number | null;
}

/**
 * The smallest sparsity at which the model costs no more than it may, between the rows of the table linearly.
 * @returns undefined if the sparsest row costs more than it may.
 */
export function sparsityFor({ bytes, latency }: Budget, rows: readonly CostRow[]): number | undefined {
  const needed = [
    bytes === null ? 0 : crossing(rows, (row) => row.bytes, bytes),
    latency === null ? 0 : crossing(rows, (row) => row.latency ?? Infinity, latency),
  ];
  return needed.some((sparsity) => sparsity === undefined) ? undefined : Math.max(...needed.map(Number));
}

/** Where a falling cost meets its limit for the first time. */
function crossing(rows: readonly CostRow[], costOf: (row: CostRow) => number, limit: number): number | undefined {
  const next = rows.findIndex((row) => costOf(row) <= limit);
  const [before, after] = [rows[next - 1], rows[next]];
  if (!after) return undefined;
  if (!before) return after.sparsity;
  const along = (costOf(before) - limit) / (costOf(before) - costOf(after));
  return before.sparsity + along * (after.sparsity - before.sparsity);
}

/** `1.5 MB after gzip and 50.0 % of the dense model's latency`. */
export function describeBudget({ bytes, latency }: Budget): string {
  return [
    ...(bytes === null ? [] : [`${byteSize(bytes)} after gzip`]),
    ...(latency === null ? [] : [`${percent(latency)} of the dense model's latency`]),
  ].join(' and ');
}
