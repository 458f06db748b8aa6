/** What a run is, and how it is doing: run.json, state.json, and whether its process still lives. */

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

/** Both files are a few kilobytes; what is much larger was not written by Pinch. */
const largestFile = 1 << 20;

/** run.json of an existing run. @throws RunFolderError */
export async function readRun(folder: string): Promise<RunFile> {
  const { run } = runPaths(folder);
  try {
    return parseRunFile(await readSmallFile(run, largestFile));
  } catch (error) {
    if (error instanceof RecordError)
      throw new RunFolderError(`${run}: this is no run.json of Pinch: ${error.message}.`);
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new RunFolderError(`${folder}: this is no run folder; there is no run.json in it.`);
    }
    throw new RunFolderError(`${run}: it cannot be read: ${reasonOf(error)}.`);
  }
}

/** state.json; undefined before a trainer first ran, and if a power failure left nothing of it. @throws RunFolderError */
export async function readState(folder: string): Promise<RunState | undefined> {
  const { state } = runPaths(folder);
  try {
    const text = await readSmallFile(state, largestFile);
    // Heartbeats are renamed into their place without waiting for the disk: a power failure may leave an empty file.
    return text === '' ? undefined : parseRunState(text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new RunFolderError(`${state}: this is no state.json of Pinch: ${reasonOf(error)}.`);
  }
}

/** Whether the process that a state or a claim names still lives. One on another machine is not seen from here. */
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
  /** It says that it is over. */
  | 'ended'
  /** It says that it goes on, but nothing does. */
  | 'lost';

/** Milliseconds after which a run on another machine, which is seen only by its heartbeat, is taken to be dead. */
export const heartbeatLasts = 120_000;

/** Milliseconds for which a heartbeat and a process with the right number are enough. */
const heartbeatIsFresh = 10_000;

/** Milliseconds in which a trainer has written its first state, or never will. */
const startTakes = 60_000;

/**
 * @param state undefined before a trainer first wrote it.
 * @param created when run.json was written, which matters only without a state.
 */
export async function liveness(state: RunState | undefined, created?: string): Promise<Liveness> {
  if (state === undefined) {
    const age = Math.abs(Date.now() - Date.parse(created ?? ''));
    return age < startTakes ? 'live' : 'lost';
  }
  if (isOver(state)) return 'ended';
  // Within a minute of two machines' clocks; a heartbeat from the far future proves nothing.
  const age = Math.abs(Date.now() - Date.parse(state.heartbeat));
  if (state.host !== hostname()) return age < heartbeatLasts ? 'live' : 'lost';
  // Asking the system when a process started takes half a second on Windows, so it is left for when there is doubt.
  if (age < heartbeatIsFresh) return processExists(state.pid) ? 'live' : 'lost';
  return (await isAlive(state)) ? 'live' : 'lost';
}

/** Whether the run says of itself that no process trains in it any more. */
export function isOver({ status }: RunState): boolean {
  return status === 'done' || status === 'failed' || status === 'stopped';
}
