/** One process at a time works on a study; everybody else can see that it does. */

import { makeFolder } from '../base/makeFolder.ts';
import type { RunState } from '../protocol/records.ts';
import { RunFolderError } from '../runs/state.ts';
import { claimRunFolder, writeState } from '../runfolder/runFolder.ts';
import { StudyFileError } from './studyFile.ts';

export interface StudyClaim {
  /** @param done tasks that need no more work. */
  readonly progress: (done: number) => void;
  readonly release: (status: 'done' | 'stopped' | 'failed') => Promise<void>;
}

/** Milliseconds; a process on another machine is seen only by its heartbeat. */
const beatEvery = 10_000;

/**
 * Claims the folder as a trainer claims a run's, and keeps a state.json in it of the same form: a step is a task.
 * @throws StudyFileError if a living process has it.
 */
export async function claimStudy(folder: string, tasks: number): Promise<StudyClaim> {
  await makeFolder(folder);
  const owner = await claimRunFolder(folder).catch((error: unknown) => {
    if (!(error instanceof RunFolderError)) throw error;
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
    // One behind the other, so that the last one stays.
    writing = writing.catch(() => undefined).then(() => writeState(folder, next));
    return writing;
  };
  // The disk may be full for a moment; the results say so when they cannot be written.
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
