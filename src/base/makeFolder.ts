/** Creates folders, and gives the true reason when that fails. */

import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Creates a folder and its parents; does nothing if it exists.
 * @throws the file system's error about the folder that is in the way. Node.js itself reports "no such file" on a read-only disk.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    const above = await nearestThere(resolve(path));
    await access(above, constants.W_OK).catch((refused: unknown) => {
      throw Object.assign(refused as Error, { syscall: 'mkdir' });
    });
    throw error;
  }
}

async function nearestThere(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const there = await stat(folder).then(
      () => true,
      () => false,
    );
    if (there || folder === dirname(folder)) return folder;
  }
}
