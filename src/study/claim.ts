/** One process at a time works on a study. Its claim and state are visible to all others. */

import { makeFolder } from '../base/makeFolder.ts';
import type { RunState } from '../protocol/records.ts';
import { RunFolderError } from '../runs/state.ts';
import { claimRunFolder, writeState } from '../runfolder/runFolder.ts';
import { StudyFileError } from './file/studyFile.ts';

export interface StudyClaim {
  /** @param done number of finished tasks. */
  readonly progress: (done: number) => void;
  readonly release: (status: 'done' | 'stopped' | 'failed') => Promise<void>;
}

/** Milliseconds. A process on another machine is only seen by its heartbeat. */
const beatEvery = 10_000;

/**
 * Claims the folder as a trainer claims a run's, and keeps a state.json of the same form in it, in which a step is a task.
 * @throws StudyFileError if a live process has claimed it.
 */
export async function claimStudy(folder: string, tasks: number): Promise<StudyClaim> {
  await makeFolder(folder);
  const owner = await claimRunFolder(folder).catch((error: unknown) => {
    if (!(error instanceof RunFolderError) || !error.message.includes('in use')) throw error;
    const by = /process \d+(?: on [^ ]+)?/u.exec(error.message)?.[0] ?? 'another process';
    throw new StudyFileError(`${folder}: ${by} works on this study already. Wait for it, or stop it first.`);
  });
  let state: RunState = {
    status: 'running',
    ...owner,
    attempt: 1,
    step: 0,
    steps: tasks,
    heartbeat: '',
    control: null,
    message: null,
  };
  let writing = Promise.resolve();
  const write = (change: Partial<RunState>): Promise<void> => {
    state = { ...state, ...change, heartbeat: new Date().toISOString() };
    const next = state;
    // One after the other, so that the last state stays.
    writing = writing.catch(() => undefined).then(() => writeState(folder, next));
    return writing;
  };
  // The disk may be full for a moment. If the results cannot be written either, they report it.
  const beat = (change: Partial<RunState> = {}): void => void write(change).catch(() => undefined);
  await write({});
  const timer = setInterval(beat, beatEvery);
  timer.unref();
  return {
    progress: (done) => beat({ step: done }),
    release: async (status) => {
      clearInterval(timer);
      await write({ status });
    },
  };
}
