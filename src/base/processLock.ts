/** Lets only one process at a time write to a place. */

import { readFile, rm, writeFile } from 'node:fs/promises';

/**
 * Takes the place that a file stands for. The lock of a process that has died counts for nothing.
 * @param busy what is said of the process that has it.
 * @throws Error if another process has it. @returns what gives the place free.
 */
export async function lockProcess(file: string, busy: (pid: number) => string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = Number(await readFile(file, 'utf8').catch(() => ''));
      if (lives(owner)) throw new Error(busy(owner));
      await rm(file, { force: true });
    }
  }
}

function lives(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
