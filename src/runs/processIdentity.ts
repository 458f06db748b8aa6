/** Distinguishes a process from a later one with the same number. */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Whether a process has this number now. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process exists, but belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The start time of a process in the system's own form, only for comparison; null where the system does not tell it. */
export async function processStart(pid: number): Promise<string | null> {
  try {
    if (process.platform === 'linux') return await startOnLinux(pid);
    if (process.platform === 'win32') {
      const query = `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`;
      return await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', query]);
    }
    return await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
  } catch {
    return null;
  }
}

/** Clock ticks since a boot, which has an id. */
async function startOnLinux(pid: number): Promise<string | null> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name, which may hold spaces and parentheses; the start time is field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields[22 - 3];
  return ticks === undefined ? null : `${boot}:${ticks}`;
}

async function run(program: string, args: readonly string[]): Promise<string | null> {
  const { stdout } = await promisify(execFile)(program, args, {
    encoding: 'utf8',
    timeout: 10_000,
    windowsHide: true,
  });
  return stdout.trim() || null;
}
