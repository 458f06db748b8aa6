/** Keeps what Pinch writes into a folder of its own out of git. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './makeFolder.ts';

/**
 * Makes the folder `.pinch` of a project, if it is not there, with a .gitignore: models and checkpoints are too large for a repository. Users who
 * want them there empty that file, and it stays empty.
 * @throws Error of the file system
 */
export async function keepOutOfGit(folder: string): Promise<void> {
  await makeFolder(folder);
  await writeFile(join(folder, '.gitignore'), '*\n', { flag: 'wx' }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
}
