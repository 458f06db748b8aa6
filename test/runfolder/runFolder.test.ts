/** Run folders: names, refusal of folders in use, and one living trainer at a time. */

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunFile, RunState } from '../../src/protocol/records.ts';
import { processStart } from '../../src/runs/processIdentity.ts';
import { isAlive, readRun, readState, RunFolderError } from '../../src/runs/state.ts';
import { claimRunFolder, createRunFolder, writeState, type RunOwner } from '../../src/runfolder/runFolder.ts';

const run: RunFile = {
  version: 2,
  pinch: '0.1.0',
  onnxruntime: '1.30.0',
  node: 'v20',
  created: '2026-11-21T10:00:00.000Z',
  settings: {},
  checksums: { model: 'a', train: 'b', dev: null },
};

let folder: string;
let before: string;
let sleepers: ChildProcess[] = [];
beforeEach(() => {
  before = process.cwd();
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'pinch-test-')));
});
afterEach(() => {
  process.chdir(before);
  for (const sleeper of sleepers) sleeper.kill('SIGKILL');
  sleepers = [];
});

/** A process that lives until the test ends. */
async function sleeper(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)']);
  sleepers.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child.pid!;
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await new Promise((resolve) => child.once('close', resolve));
  return child.pid!;
}

function claim(number: number, owner: Partial<RunOwner>): void {
  mkdirSync(join(folder, 'claims'), { recursive: true });
  const whole = { pid: process.pid, processStart: null, host: hostname(), nonce: 'n', ...owner };
  writeFileSync(join(folder, 'claims', `${number}.json`), JSON.stringify(whole));
}

describe('createRunFolder', () => {
  test('names runs after the day and the model, numbered', async () => {
    process.chdir(folder);
    const day = new Date().toISOString().slice(0, 10);
    const names: string[] = [];
    for (const model of [
      'models/w2v2-digits',
      'models/w2v2-digits/model.onnx',
      'models/other one.onnx',
      '/x/..model',
      '/x/base/onnx/model.onnx',
      '/x/base/onnx',
      '.pinch/models/xls-r-0123456789ab',
    ]) {
      const paths = await createRunFolder(run, model);
      names.push(basename(paths.folder));
      expect(paths.folder.startsWith(join(folder, '.pinch', 'runs'))).toBe(true);
      expect(await readRun(paths.folder)).toEqual(run);
    }
    expect(names).toEqual([
      `${day}-w2v2-digits-1`,
      `${day}-w2v2-digits-2`,
      `${day}-other-one-1`,
      `${day}-model-1`,
      `${day}-base-1`,
      `${day}-base-2`,
      `${day}-xls-r-1`,
    ]);
  });

  test('runs made at the same time get folders of their own', async () => {
    process.chdir(folder);
    const made = await Promise.all(Array.from({ length: 10 }, () => createRunFolder(run, 'm')));
    expect(new Set(made.map((paths) => paths.folder)).size).toBe(10);
  });

  test('takes a folder that is named and empty', async () => {
    const { folder: made } = await createRunFolder(run, 'm', join(folder, 'deep', 'er'));
    expect(readdirSync(made)).toEqual(['run.json']);
  });

  test('refuses a folder that holds a run, or anything else', async () => {
    await createRunFolder(run, 'm', join(folder, 'a'));
    await expect(createRunFolder(run, 'm', join(folder, 'a'))).rejects.toThrow(/continue it with pinch resume/u);
    await expect(createRunFolder(run, 'm', folder)).rejects.toThrow(/must be empty/u);
    writeFileSync(join(folder, 'file'), '');
    await expect(createRunFolder(run, 'm', join(folder, 'file'))).rejects.toThrow(RunFolderError);
  });
});

describe('claimRunFolder', () => {
  test('the first owner is this process', async () => {
    const owner = await claimRunFolder(folder);
    expect(owner).toMatchObject({ pid: process.pid, processStart: await processStart(process.pid), host: hostname() });
    expect(await isAlive(owner)).toBe(true);
  });

  test('refuses while the owner lives', async () => {
    const pid = await sleeper();
    claim(1, { pid, processStart: await processStart(pid) });
    await expect(claimRunFolder(folder)).rejects.toThrow(`the run folder is in use: process ${pid} trains in it`);
  });

  test('takes over from an owner that is dead', async () => {
    claim(1, { pid: await deadPid() });
    await claimRunFolder(folder);
    expect(JSON.parse(readFileSync(join(folder, 'claims', '2.json'), 'utf8'))).toMatchObject({ pid: process.pid });
  });

  test('takes over when another process has got the owner’s number', async () => {
    const pid = await sleeper();
    claim(1, { pid, processStart: 'long ago' });
    await expect(claimRunFolder(folder)).resolves.toMatchObject({ pid: process.pid });
  });

  test('of many that try at once, one gets it', async () => {
    claim(1, { pid: await deadPid() });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => claimRunFolder(folder)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('on another machine, a recent heartbeat is a living owner', async () => {
    claim(1, { pid: 1, host: 'elsewhere', nonce: 'theirs' });
    const state: RunState = {
      status: 'running',
      pid: 1,
      processStart: null,
      host: 'elsewhere',
      nonce: 'theirs',
      attempt: 1,
      step: 0,
      steps: 1,
      heartbeat: new Date().toISOString(),
      control: null,
      message: null,
    };
    await writeState(folder, state);
    await expect(claimRunFolder(folder)).rejects.toThrow(/on elsewhere trains in it/u);
    await writeState(folder, { ...state, heartbeat: new Date(Date.now() - 600_000).toISOString() });
    await expect(claimRunFolder(folder)).resolves.toMatchObject({ pid: process.pid });
  });
});

test('state.json is replaced whole and read back', async () => {
  expect(await readState(folder)).toBeUndefined();
  const owner = await claimRunFolder(folder);
  const state: RunState = {
    ...owner,
    status: 'starting',
    attempt: 1,
    step: 0,
    steps: 0,
    heartbeat: new Date().toISOString(),
    control: null,
    message: null,
  };
  await writeState(folder, state);
  await writeState(folder, { ...state, status: 'running' });
  expect((await readState(folder))?.status).toBe('running');
  expect(readdirSync(folder).sort()).toEqual(['claims', 'state.json']);
});
