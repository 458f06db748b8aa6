/** Finds the runs of a workspace folder. */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runsFolder } from './paths.ts';
import { readRun } from './state.ts';

/** Folders read at a time: enough to hide the latency of a network file system. */
const together = 32;

/** The run folders under `.pinch/runs`, newest first. Other folders are left out; without the folder there are none. */
export async function findRuns(workspaceFolder: string): Promise<string[]> {
  const parent = runsFolder(workspaceFolder);
  const names = await readdir(parent).catch(() => []);
  const runs: { folder: string; created: number }[] = [];
  for (let done = 0; done < names.length; done += together) {
    const folders = names.slice(done, done + together).map((name) => join(parent, name));
    const created = await Promise.all(folders.map(creation));
    for (const [index, folder] of folders.entries()) {
      const time = created[index];
      if (time !== undefined) runs.push({ folder, created: time });
    }
  }
  // Runs of the same millisecond still need a fixed order.
  return runs.sort((a, b) => b.created - a.created || (a.folder < b.folder ? 1 : -1)).map(({ folder }) => folder);
}

async function creation(folder: string): Promise<number | undefined> {
  try {
    return Date.parse((await readRun(folder)).created);
  } catch {
    return undefined;
  }
}
