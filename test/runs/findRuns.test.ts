/** Which folders are runs, and in what order. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findRuns } from '../../src/runs/findRuns.ts';
import { runFile, temporaryFolder } from './records.ts';

function run(workspace: string, name: string, created: string): string {
  const folder = join(workspace, '.pinch', 'runs', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...runFile, created }));
  return folder;
}

test('a workspace without runs has none', async () => {
  expect(await findRuns(temporaryFolder())).toEqual([]);
});

test('runs come newest first, whatever their names', async () => {
  const workspace = temporaryFolder();
  const a = run(workspace, 'z', '2026-01-01T00:00:00.000Z');
  const b = run(workspace, 'a', '2026-01-02T00:00:00.000Z');
  const c = run(workspace, 'm', '2026-01-03T00:00:00.000Z');
  expect(await findRuns(workspace)).toEqual([c, b, a]);
});

test('more runs than are looked into at a time are all found', async () => {
  const workspace = temporaryFolder();
  const times = Array.from({ length: 70 }, (_, i) => new Date(1e12 + i).toISOString());
  const made = times.map((time, i) => run(workspace, `run-${i}`, time));
  expect(await findRuns(workspace)).toEqual(made.reverse());
});

test('what is no run is left out', async () => {
  const workspace = temporaryFolder();
  const good = run(workspace, 'good', '2026-01-01T00:00:00.000Z');
  const runs = join(workspace, '.pinch', 'runs');
  mkdirSync(join(runs, 'empty'));
  writeFileSync(join(runs, 'file'), '');
  run(workspace, 'no-time', 'yesterday');
  mkdirSync(join(runs, 'bad'));
  writeFileSync(join(runs, 'bad', 'run.json'), 'not JSON');
  expect(await findRuns(workspace)).toEqual([good]);
});
