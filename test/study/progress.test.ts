/** How far a study's runs are, as their folders say. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { RunState } from '../../src/protocol/records.ts';
import { studyPaths } from '../../src/study/paths.ts';
import type { Task } from '../../src/study/plan.ts';
import { followProgress, type StudyProgress } from '../../src/study/progress.ts';
import { writeState } from '../../src/runfolder/runFolder.ts';

const folder = mkdtempSync(join(tmpdir(), 'pinch-study-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function writeRun(name: string, change: Partial<RunState>): Promise<Task> {
  const run = studyPaths(folder).run(name);
  mkdirSync(run, { recursive: true });
  await writeState(run, {
    ...{ status: 'running', pid: process.pid, processStart: null, host: hostname(), nonce: 'n', attempt: 1 },
    ...{ step: 0, steps: 0, heartbeat: new Date().toISOString(), control: null, message: null },
    ...change,
  });
  return { kind: 'run', name } as Task;
}

test('counts the steps of the runs that train now, here or on another machine', async () => {
  const tasks: Task[] = [
    { kind: 'model', name: 'model', model: 'm' },
    await writeRun('here', { step: 10, steps: 100 }),
    await writeRun('there', { step: 5, steps: 50, host: 'another' }),
    await writeRun('over', { step: 100, steps: 100, status: 'done' }),
    await writeRun('lost', { step: 7, steps: 100, host: 'another', heartbeat: '2020-01-01T00:00:00.000Z' }),
    await writeRun('begins', { status: 'starting' }),
    { kind: 'run', name: 'not-there' } as Task,
  ];
  const progress = await new Promise<StudyProgress>((resolve) => {
    const end = followProgress(tasks, studyPaths(folder), (progress) => {
      end();
      resolve(progress);
    });
  });
  expect(progress).toEqual({ names: ['here', 'there'], step: 15, steps: 150 });
});
