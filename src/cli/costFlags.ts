/** Flags that choose which parts of a model's cost are measured. */

import { UsageError } from './output.ts';

/** @throws UsageError for flags of the latency without --cost. */
export function refuseWithoutCost({
  cost,
  latency = false,
}: {
  readonly cost: boolean;
  readonly latency?: boolean;
}): void {
  if (!cost && latency) throw new UsageError('Leave out --no-cost or --latency: the latency is part of the cost.');
}
