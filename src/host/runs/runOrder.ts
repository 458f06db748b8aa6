/** In which order the Runs view lists runs, and in which groups. */

import { statusOf, type RunStatus } from '../../runs/describe.ts';
import { studyName } from '../../runs/studyFolder.ts';
import { titleOf } from '../data/modelNames.ts';
import type { RunEntry } from './runStore.ts';

export const runSorts = ['newest', 'oldest', 'name', 'state'] as const;
export type RunSort = (typeof runSorts)[number];

export const runGroupings = ['study', 'model', 'none'] as const;
/** What runs stand below. Runs of no study stand beside the studies. */
export type RunGrouping = (typeof runGroupings)[number];

export interface RunOrder {
  readonly sort: RunSort;
  readonly grouping: RunGrouping;
}

export const usualOrder: RunOrder = { sort: 'newest', grouping: 'study' };

/** What the workspace has kept; the usual order for anything else. */
export function parseOrder(kept: unknown): RunOrder {
  const { sort, grouping } = (kept ?? {}) as Partial<Record<keyof RunOrder, unknown>>;
  return {
    sort: runSorts.find((each) => each === sort) ?? usualOrder.sort,
    grouping: runGroupings.find((each) => each === grouping) ?? usualOrder.grouping,
  };
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
  readonly kind: 'study' | 'model';
  /** The study's folder, or the path of the model as run.json names it. */
  readonly path: string;
  /** For people. */
  readonly name: string;
  readonly runs: readonly T[];
}

/** The groups, in the order of their first runs, and between them the runs that are in none. */
export function groupRuns<T extends Pick<RunEntry, 'model' | 'study'>>(
  runs: readonly T[],
  grouping: RunGrouping,
): (RunGroup<T> | T)[] {
  if (grouping === 'none') return [...runs];
  const groups = new Map<string, T[]>();
  const listed: (RunGroup<T> | T)[] = [];
  for (const run of runs) {
    const path = run[grouping];
    const known = path === null ? undefined : groups.get(path);
    if (path === null) listed.push(run);
    else if (known) known.push(run);
    else {
      const own = [run];
      groups.set(path, own);
      listed.push({ kind: grouping, path, name: groupNames[grouping](path), runs: own });
    }
  }
  return listed;
}

const groupNames: Readonly<Record<RunGroup<unknown>['kind'], (path: string) => string>> = {
  study: studyName,
  model: (path) => (path === '' ? 'no model' : titleOf(path)),
};
