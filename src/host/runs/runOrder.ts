/** In which order the Runs view lists runs, and in which groups. */

import { statusOf, type RunStatus } from '../../runs/describe.ts';
import { titleOf } from '../data/modelNames.ts';
import type { RunEntry } from './runStore.ts';

export const runSorts = ['newest', 'oldest', 'name', 'state'] as const;
export type RunSort = (typeof runSorts)[number];

export interface RunOrder {
  readonly sort: RunSort;
  /** Whether runs from the same model stand below its name. */
  readonly grouped: boolean;
}

export const usualOrder: RunOrder = { sort: 'newest', grouped: false };

/** What the workspace has kept; the usual order for anything else. */
export function parseOrder(kept: unknown): RunOrder {
  const { sort, grouped } = (kept ?? {}) as Partial<Record<keyof RunOrder, unknown>>;
  return { sort: runSorts.find((each) => each === sort) ?? usualOrder.sort, grouped: grouped === true };
}

type Sorted = Pick<RunEntry, 'name' | 'state' | 'life'>;

/** What goes on comes first, then what can go on. */
const byState: readonly RunStatus[] = ['starting', 'running', 'stopping', 'lost', 'stopped', 'failed', 'done'];

/** @param runs newest first, which decides between equals. */
export function sortRuns<T extends Sorted>(runs: readonly T[], sort: RunSort): T[] {
  switch (sort) {
    case 'newest':
      return [...runs];
    case 'oldest':
      return runs.toReversed();
    case 'name':
      // digits-2 stands before digits-10.
      return runs.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true, sensitivity: 'base' }));
    case 'state':
      return runs.toSorted((a, b) => byState.indexOf(statusOf(a)) - byState.indexOf(statusOf(b)));
  }
}

export interface RunGroup<T> {
  /** The path of the model, as run.json names it. */
  readonly model: string;
  /** For people. */
  readonly name: string;
  readonly runs: readonly T[];
}

/** Runs by the model that they began from, in the order of their first runs. */
export function groupRuns<T extends Pick<RunEntry, 'model'>>(runs: readonly T[]): RunGroup<T>[] {
  const groups = new Map<string, T[]>();
  for (const run of runs) {
    const own = groups.get(run.model) ?? [];
    own.push(run);
    groups.set(run.model, own);
  }
  return Array.from(groups, ([model, own]) => ({ model, name: model === '' ? 'no model' : titleOf(model), runs: own }));
}
