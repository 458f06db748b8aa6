/** The thread that writes state.json: each state when it comes, and a fresh heartbeat every second while the process lives. */

import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import type { RunState } from '../protocol/records.ts';
import { runPaths } from '../runs/paths.ts';
import { isOver } from '../runs/state.ts';

/** A state to write now and to answer for; without an id, one for the next heartbeat. */
export interface HeartbeatRequest {
  readonly id: number | null;
  readonly state: RunState;
}

export interface HeartbeatAnswer {
  readonly id: number;
  readonly error: { readonly message: string; readonly code?: string | undefined; readonly path?: string } | null;
}

/** Milliseconds. Readers are to find no heartbeat older than two seconds, so one that is late is still in time. */
const beatEvery = 1000;

const { folder } = workerData as { readonly folder: string };
const target = runPaths(folder).state;
let state: RunState | undefined;

removeLeftovers();
const timer = setInterval(() => {
  try {
    if (state) write(state);
  } catch {
    // A disk that is full or away for a while: the next beat may get through, and the trainer's own writes tell if not.
  }
}, beatEvery);

parentPort?.on('message', ({ id, state: next }: HeartbeatRequest) => {
  state = next;
  if (id === null) return;
  // After a run's last word there is no heartbeat.
  if (isOver(next)) clearInterval(timer);
  parentPort?.postMessage({ id, error: attempt(next) } satisfies HeartbeatAnswer);
});

function attempt(next: RunState): HeartbeatAnswer['error'] {
  try {
    write(next);
    return null;
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    // The temporary name means nothing to anybody.
    return { message, code, path: target };
  }
}

/**
 * Whole or not at all for every reader. Calls that wait: the pool of threads behind the others is shared with a trainer that writes
 * gigabytes. Only a last word is synced, which has to outlast a power failure; a sync waits for everything else that is on its way to the disk.
 */
function write(next: RunState): void {
  const temporary = join(folder, `.state.json.${next.nonce}.tmp`);
  const file = openSync(temporary, 'w');
  try {
    writeSync(file, `${JSON.stringify({ ...next, heartbeat: new Date().toISOString() }, null, 2)}\n`);
    if (isOver(next)) fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, target);
}

/** What earlier processes were writing when they were killed. */
function removeLeftovers(): void {
  for (const name of readdirSync(folder)) {
    if (/^\.state\.json\.[0-9a-f]+\.tmp$/u.test(name)) rmSync(join(folder, name), { force: true });
  }
}
