/** A real trainer, followed through its life: it starts, is asked for a checkpoint, is killed, goes on, and is stopped. */

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { effectiveRecords } from '../../src/protocol/records.ts';
import { sendControl } from '../../src/runs/control.ts';
import { findRuns } from '../../src/runs/findRuns.ts';
import { followRun, type RunFollower, type RunSnapshot } from '../../src/runs/followRun.ts';
import { pinch, writeToyModel, writeToySettings, writeToySpeech } from '../train/toy.ts';
import { readMetrics } from './readMetrics.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-test-'));
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'train'), 40);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a run is seen as it is, from its start to its end', async () => {
  const settings = writeToySettings(join(folder, 'settings.json'), {
    ...{ model: 'model', train: 'train/manifest.jsonl', steps: 100_000 },
    checkpoint: { everySteps: 20, keep: 2 },
  });
  mkdirSync(join(folder, '.pinch', 'runs'), { recursive: true });
  const run = join(folder, '.pinch', 'runs', 'first');
  const started: ChildProcess[] = [];
  const start = (...args: string[]): ReturnType<typeof pinch>['ended'] => {
    const { child, ended } = pinch([...args, '--json'], folder);
    started.push(child);
    return ended;
  };
  const first = start('prune', '--config', settings, '--run', run);
  while (!(await findRuns(folder)).some((found) => found.folder === run)) await setTimeout(5);

  /** Steps as a listener keeps them that starts anew after each reset. */
  let steps: number[] = [];
  const follower: RunFollower = await followRun(run, {
    pollMs: 20,
    onChange: (change) => {
      if (change.kind === 'reset') steps = Array.from(follower.series.steps.slice(0, follower.series.count));
      if (change.kind === 'points') steps.push(...change.points.map(({ step }) => step));
    },
  });
  const until = async (holds: (snapshot: RunSnapshot) => boolean): Promise<void> => {
    while (!holds(follower.snapshot)) await setTimeout(5);
  };
  const atStep = ({ lastStep }: RunSnapshot): number => lastStep?.step ?? 0;
  const state = () => follower.snapshot.state!;
  try {
    await until(({ liveness, state }) => liveness === 'live' && state?.status === 'running');
    await until((now) => atStep(now) > 5);
    // One that is asked for at a step that would write one anyway shows nothing; then it is asked for again.
    const extra = ({ checkpoints }: RunSnapshot): boolean => checkpoints.some(({ step }) => step % 20 !== 0);
    while (!extra(follower.snapshot)) {
      const before = atStep(follower.snapshot);
      expect(await sendControl(state(), { kind: 'checkpoint' }, 30_000)).toEqual({ kind: 'accepted' });
      await until((now) => extra(now) || atStep(now) > before + 20);
    }
    await until((now) => atStep(now) > 65);
    await until(({ checkpoints }) => checkpoints.length <= 2);

    process.kill(state().pid, 'SIGKILL');
    await first;
    await until(({ liveness }) => liveness === 'lost');
    await expect(sendControl(state(), { kind: 'stop' }, 5000)).rejects.toThrow(/gone/u);

    const second = start('resume', run);
    await until(({ liveness, attempt }) => liveness === 'live' && attempt === 2);
    const rewound = follower.snapshot;
    await until((now) => atStep(now) > atStep(rewound) + 5);
    expect(await sendControl(state(), { kind: 'stop' }, 30_000)).toEqual({ kind: 'accepted' });
    await until(({ liveness, end }) => liveness === 'ended' && end?.status === 'stopped');
    expect((await second).code).toBe(130);

    await follower.refresh();
    const counted = effectiveRecords(readMetrics(join(run, 'metrics.jsonl'))).filter(({ kind }) => kind === 'step');
    expect(steps).toEqual(counted.map(({ step }) => step));
    expect(steps).toEqual(Array.from(steps, (_, i) => i + 1));
    expect(follower.snapshot.skippedLines).toBe(0);
  } finally {
    follower.close();
    for (const child of started) child.kill('SIGKILL');
  }
});
