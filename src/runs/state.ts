/** Reads run.json and state.json, and tells whether a run's process still lives. */

import { hostname } from 'node:os';
import { reasonOf } from '../base/errors.ts';
import { parseRunFile, parseRunState, RecordError, type RunFile, type RunState } from '../protocol/records.ts';
import { runPaths } from './paths.ts';
import { processExists, processStart } from './processIdentity.ts';
import { readSmallFile } from '../base/smallFile.ts';

/** A run folder that cannot be used. The message names it. */
export class RunFolderError extends Error {
  override readonly name = 'RunFolderError';
}

/** Bytes: both files have a few kilobytes. Pinch did not write a much larger one. */
const largestFile = 1 << 20;

/** run.json of an existing run. @throws RunFolderError */
export async function readRun(folder: string): Promise<RunFile> {
  const { run } = runPaths(folder);
  try {
    return parseRunFile(await readSmallFile(run, largestFile));
  } catch (error) {
    if (error instanceof RecordError)
      throw new RunFolderError(`${run}: this is not a run.json of Pinch: ${error.message}.`);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new RunFolderError(`${folder}: this is not a run folder; it has no run.json.`);
    }
    throw new RunFolderError(`${run}: it cannot be read: ${reasonOf(error)}.`);
  }
}

/** state.json; undefined until a trainer has run, and if a power failure left an empty file. @throws RunFolderError */
export async function readState(folder: string): Promise<RunState | undefined> {
  const { state } = runPaths(folder);
  try {
    const text = await readSmallFile(state, largestFile);
    // Heartbeats are renamed without waiting for the disk: a power failure may leave an empty file.
    return text === '' ? undefined : parseRunState(text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new RunFolderError(`${state}: this is not a state.json of Pinch: ${reasonOf(error)}.`);
  }
}

/** Whether the process of a state or a claim still lives. A process on another machine cannot be seen. */
export async function isAlive(owner: Pick<RunState, 'pid' | 'processStart' | 'host'>): Promise<boolean> {
  if (owner.host !== hostname()) return false;
  if (!processExists(owner.pid)) return false;
  if (owner.processStart === null) return true;
  const start = await processStart(owner.pid);
  return start === null || start === owner.processStart;
}

export type Liveness =
  /** Its process lives, as far as can be told. */
  | 'live'
  /** state.json says that the run has ended. */
  | 'ended'
  /** state.json says that the run goes on, but its process is gone. */
  | 'lost';

/** Milliseconds. A run on another machine is only seen by its heartbeat, and counts as dead after this long. */
export const heartbeatLasts = 120_000;

/** Milliseconds for which a heartbeat and a process with the right number are enough evidence. */
const heartbeatIsFresh = 10_000;

/** Milliseconds after which a trainer without a first state will never write one. */
const startTakes = 60_000;

/**
 * @param state undefined until a trainer has written it.
 * @param created time of run.json, used only without a state.
 */
export async function liveness(state: RunState | undefined, created?: string): Promise<Liveness> {
  if (state === undefined) {
    const age = Math.abs(Date.now() - Date.parse(created ?? ''));
    return age < startTakes ? 'live' : 'lost';
  }
  if (isOver(state)) return 'ended';
  // The clocks of two machines may differ by a minute. A heartbeat from the far future proves nothing.
  const age = Math.abs(Date.now() - Date.parse(state.heartbeat));
  if (state.host !== hostname()) return age < heartbeatLasts ? 'live' : 'lost';
  // Reading a process's start time takes half a second on Windows, so it is only done in doubt.
  if (age < heartbeatIsFresh) return processExists(state.pid) ? 'live' : 'lost';
  return (await isAlive(state)) ? 'live' : 'lost';
}

/** Whether the run's own state says that no process trains in it any more. */
export function isOver({ status }: RunState): boolean {
  return status === 'done' || status === 'failed' || status === 'stopped';
}
