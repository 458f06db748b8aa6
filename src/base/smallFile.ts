/** Reads small text files that may come from others. */

import { open } from 'node:fs/promises';
import { constants } from 'node:fs';

/** Without O_NONBLOCK, opening a named pipe waits for its other end. Windows has no such flag. */
const readOnly = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);

/**
 * The text of a file.
 * @param limit in bytes.
 * @throws the file system's error, or an error for anything but a file within the limit.
 */
export async function readSmallFile(path: string, limit: number): Promise<string> {
  const file = await open(path, readOnly);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error('it is not a file');
    if (stat.size > limit) throw new Error(`it is larger than ${limit} bytes`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
