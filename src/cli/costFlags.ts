/** Flags that ask for parts of what a model costs. */

import { UsageError } from './output.ts';

/** @throws UsageError if the cost is not wanted, but its latency is. */
export function refuseWithoutCost({
  cost,
  latency = false,
}: {
  readonly cost: boolean;
  readonly latency?: boolean;
}): void {
  if (!cost && latency) throw new UsageError('Leave out --no-cost or --latency: the latency is part of the cost.');
}
