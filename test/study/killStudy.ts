/** Kills the processes of a study, as when the machine goes down. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { RunOwner } from '../../src/runfolder/runFolder.ts';
import { isAlive } from '../../src/runs/state.ts';

/** The processes that have claimed a study's folder or any of its runs'. */
export function ownersIn(study: string): RunOwner[] {
  const runs = join(study, 'runs');
  return [study, ...(existsSync(runs) ? readdirSync(runs).map((run) => join(runs, run)) : [])]
    .map((place) => join(place, 'claims'))
    .filter((claims) => existsSync(claims))
    .flatMap((claims) =>
      readdirSync(claims)
        .filter((file) => file.endsWith('.json'))
        .map((file) => join(claims, file)),
    )
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as RunOwner);
}

export async function killOwner(owner: RunOwner): Promise<void> {
  if (!(await isAlive(owner))) return;
  try {
    process.kill(owner.pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
  while (await isAlive(owner)) await setTimeout(5);
}
