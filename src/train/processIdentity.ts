/** Tells a process from a later one that was given the same number. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Whether some process has this number now. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process is there, but it is somebody else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process started, in the system's own words, to compare and not to read; null where the system does not say. */
export function processStart(pid: number): string | null {
  try {
    if (process.platform === 'linux') return startOnLinux(pid);
    if (process.platform === 'win32') {
      const query = `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`;
      return run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', query]);
    }
    return run('ps', ['-o', 'lstart=', '-p', String(pid)]);
  } catch {
    return null;
  }
}

/** Clock ticks since a boot, which has an id of its own. */
function startOnLinux(pid: number): string | null {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name, which may hold spaces and parentheses; the start time is field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields[22 - 3];
  return ticks === undefined ? null : `${boot}:${ticks}`;
}

function run(program: string, args: readonly string[]): string | null {
  const answer = execFileSync(program, args, {
    encoding: 'utf8',
    timeout: 10_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return answer.trim() || null;
}
