/** Deleting a run: all that Pinch wrote and nothing else, and never one that lives. */

import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { deleteRun } from '../../src/runs/deleteRun.ts';
import { writeState } from '../../src/runfolder/runFolder.ts';
import { runFolder, runState, start, temporaryFolder } from './records.ts';

test('a run goes with all its files', async () => {
  const folder = runFolder([start()]);
  await writeState(folder, runState({ status: 'done' }));
  mkdirSync(join(folder, 'checkpoints', 'step-000001'), { recursive: true });
  writeFileSync(join(folder, 'checkpoints', 'step-000001', 'model.onnx'), '');
  mkdirSync(join(folder, 'claims'));
  for (const name of ['trainer.log', '.state.json.0a1b.tmp']) writeFileSync(join(folder, name), '');
  await deleteRun(folder);
  expect(existsSync(folder)).toBe(false);
});

test('what somebody else put there stays', async () => {
  const folder = runFolder([start()], runState({ status: 'stopped' }));
  writeFileSync(join(folder, 'notes.txt'), '');
  await deleteRun(folder);
  expect(readdirSync(folder)).toEqual(['notes.txt']);
});

test('a live run is refused, and whole afterwards', async () => {
  const folder = runFolder([start()], runState());
  await expect(deleteRun(folder)).rejects.toThrow(/still going. Stop it first/u);
  expect(readdirSync(folder).sort()).toEqual(['layers.f32', 'metrics.jsonl', 'run.json', 'state.json']);
});

test('one whose process is gone, or whose state is broken, can be deleted', async () => {
  const lost = runFolder([], runState({ host: 'elsewhere', heartbeat: '2026-01-01T00:00:00.000Z' }));
  const broken = runFolder([]);
  writeFileSync(join(broken, 'state.json'), 'x');
  for (const folder of [lost, broken]) {
    await deleteRun(folder);
    expect(existsSync(folder)).toBe(false);
  }
});

test('a folder that is no run is refused', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'checkpoints'));
  await expect(deleteRun(folder)).rejects.toThrow(/not a run folder/u);
  expect(readdirSync(folder)).toEqual(['checkpoints']);
});

test.skipIf(process.platform === 'win32')('what a link leads to stays', async () => {
  const elsewhere = temporaryFolder();
  writeFileSync(join(elsewhere, 'model.onnx'), 'precious');
  const folder = runFolder([]);
  symlinkSync(elsewhere, join(folder, 'checkpoints'));
  await deleteRun(folder);
  expect(readFileSync(join(elsewhere, 'model.onnx'), 'utf8')).toBe('precious');
});
