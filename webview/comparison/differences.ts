/** What differs between runs: settings, data, seed, versions. What is equal is left out. */

import type { ComparedRun } from '../../src/protocol/views/comparison.ts';

export interface Difference {
  readonly name: string;
  /** By run; – where it has none. */
  readonly values: readonly string[];
}

const unknown = '–';

/** A run that does not say does not differ. */
export function differences(runs: readonly Pick<ComparedRun, 'made'>[]): Difference[] {
  const made = runs.map((run) => new Map(run.made));
  const names = new Set(made.flatMap((one) => [...one.keys()]));
  return [...names]
    .map((name) => ({ name, values: made.map((one) => one.get(name) ?? unknown) }))
    .filter(({ values }) => new Set(values.filter((value) => value !== unknown)).size > 1);
}
