/** Which folders are runs, and in what order. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findRuns } from '../../src/runs/findRuns.ts';
import { findStudyFolders } from '../../src/runs/findStudyFolders.ts';
import { runFile, temporaryFolder } from './records.ts';

function run(workspace: string, name: string, created: string, parent = '.pinch'): string {
  const folder = join(workspace, parent, 'runs', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...runFile, created }));
  return folder;
}

const foldersOf = async (workspace: string): Promise<string[]> =>
  (await findRuns(workspace)).map(({ folder }) => folder);

test('a workspace without runs has none', async () => {
  expect(await findRuns(temporaryFolder())).toEqual([]);
});

test('runs come newest first, whatever their names', async () => {
  const workspace = temporaryFolder();
  const a = run(workspace, 'z', '2026-01-01T00:00:00.000Z');
  const b = run(workspace, 'a', '2026-01-02T00:00:00.000Z');
  const c = run(workspace, 'm', '2026-01-03T00:00:00.000Z');
  expect(await foldersOf(workspace)).toEqual([c, b, a]);
});

test('more runs than are looked into at a time are all found', async () => {
  const workspace = temporaryFolder();
  const times = Array.from({ length: 70 }, (_, i) => new Date(1e12 + i).toISOString());
  const made = times.map((time, i) => run(workspace, `run-${i}`, time));
  expect(await foldersOf(workspace)).toEqual(made.reverse());
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
  expect(await foldersOf(workspace)).toEqual([good]);
});

test('the runs of studies stand among the others', async () => {
  const workspace = temporaryFolder();
  const own = run(workspace, 'own', '2026-01-02T00:00:00.000Z');
  const late = run(workspace, 'ump-50', '2026-01-03T00:00:00.000Z', 'a/digits.study');
  const early = run(workspace, 'ump-50', '2026-01-01T00:00:00.000Z', 'results');
  for (const name of ['study.json', 'study.html']) writeFileSync(join(workspace, 'results', name), '');
  const studies = await findStudyFolders(workspace);
  expect(studies).toEqual([join(workspace, 'a/digits.study'), join(workspace, 'results')]);
  expect(await findRuns(workspace, studies)).toEqual([
    { folder: late, study: join(workspace, 'a/digits.study') },
    { folder: own, study: null },
    { folder: early, study: join(workspace, 'results') },
  ]);
});

test('studies are not looked for in hidden folders, packages, links or other studies, nor where runs are of something else', async () => {
  const workspace = temporaryFolder();
  for (const parent of [
    '.hidden/a.study',
    'node_modules/a.study',
    'a/b/c/d/e.study',
    'a.study/runs/x/b.study',
    'other',
  ])
    run(workspace, 'run', '2026-01-01T00:00:00.000Z', parent);
  symlinkSync(join(workspace, '.hidden'), join(workspace, 'link'));
  expect(await findStudyFolders(workspace)).toEqual([join(workspace, 'a.study')]);
  expect(await findStudyFolders(join(workspace, 'nothing'))).toEqual([]);
});

test('a study beside very many folders is found, and one below a study file', async () => {
  const workspace = temporaryFolder();
  for (let at = 0; at < 2100; at++) mkdirSync(join(workspace, 'corpus', `speaker-${at}`), { recursive: true });
  run(workspace, 'run', '2026-01-01T00:00:00.000Z', 'z/digits.study');
  // A study's file of this name, beside TensorBoard's folder.
  mkdirSync(join(workspace, 'runs'));
  writeFileSync(join(workspace, 'study.json'), '{}');
  expect(await findStudyFolders(workspace)).toEqual([join(workspace, 'z/digits.study')]);
});
