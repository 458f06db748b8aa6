/** Creates folders, and gives the true reason when that fails. */

import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Creates a folder and its parents; does nothing if it exists. One by one, since Node.js itself, when it creates parents, reports "no such
 * file" on a read-only disk, and never returns where the system says so of a place that is there, such as /proc.
 * @throws the file system's error about the folder that is in the way.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  let above = resolve(path);
  while (!(await isThere(above)) && above !== dirname(above)) {
    missing.push(above);
    above = dirname(above);
  }
  if (missing.length === 0 && !(await isFolder(above))) missing.push(above);
  for (const folder of missing.reverse()) {
    await mkdir(folder).catch(async (error: unknown) => {
      // Another process may have made it meanwhile.
      if (!(await isFolder(folder))) throw error;
    });
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
