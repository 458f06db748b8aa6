/** Makes folders, and says truly why one cannot be made. */

import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it; does nothing if it is there.
 * @throws the file system's error about the folder that is in the way. Node itself says of a read-only disk that there is "no such file".
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
