/** Finds the runs of a workspace folder. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runsFolder } from './paths.ts';
import { readRun } from './state.ts';

/** Folders read at a time: enough to hide the latency of a network file system. */
const together = 32;

export interface FoundRun {
  readonly folder: string;
  /** The folder of the study that trained it; null for a run of its own. */
  readonly study: string | null;
}

/**
 * The runs under `.pinch/runs` and those of studies, newest first. Other folders are left out; without the folder there are none.
 * @param studies their folders (findStudyFolders.ts)
 */
export async function findRuns(workspaceFolder: string, studies: readonly string[] = []): Promise<FoundRun[]> {
  const own = await runsIn(runsFolder(workspaceFolder), null);
  const others = await Promise.all(studies.map((study) => runsIn(join(study, 'runs'), study)));
  // Runs of the same millisecond still need a fixed order.
  return [...own, ...others.flat()]
    .sort((a, b) => b.created - a.created || (a.folder < b.folder ? 1 : -1))
    .map(({ folder, study }) => ({ folder, study }));
}

async function runsIn(parent: string, study: string | null): Promise<(FoundRun & { created: number })[]> {
  const names = await readdir(parent).catch(() => []);
  const runs: (FoundRun & { created: number })[] = [];
  for (let done = 0; done < names.length; done += together) {
    const folders = names.slice(done, done + together).map((name) => join(parent, name));
    const created = await Promise.all(folders.map(creation));
    for (const [index, folder] of folders.entries()) {
      const time = created[index];
      if (time !== undefined) runs.push({ folder, study, created: time });
    }
  }
  return runs;
}

async function creation(folder: string): Promise<number | undefined> {
  try {
    return Date.parse((await readRun(folder)).created);
  } catch {
    return undefined;
  }
}
