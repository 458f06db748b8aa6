/** Whether a path that somebody else wrote stays in a folder. */

import { isAbsolute, relative, sep } from 'node:path';

/** Whether `path` is the folder or lies below it. Both are absolute, with symbolic links resolved. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
