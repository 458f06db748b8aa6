/** run.json and state.json, and telling a live run from one that is over or lost. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { processExists, processStart } from '../../src/runs/processIdentity.ts';
import { isAlive, liveness, readRun, readState } from '../../src/runs/state.ts';
import { runFile, runFolder, runState, temporaryFolder } from './records.ts';

let sleepers: ChildProcess[] = [];
afterEach(() => {
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

const ago = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

describe('readRun', () => {
  test('reads what createRunFolder wrote', async () => {
    expect(await readRun(runFolder())).toEqual(runFile);
  });

  test('says of other folders that they are none', async () => {
    const folder = temporaryFolder();
    await expect(readRun(folder)).rejects.toThrow(/this is not a run folder; it has no run.json/u);
    writeFileSync(join(folder, 'run.json'), '{"pinch":1}');
    await expect(readRun(folder)).rejects.toThrow(/run.json: this is not a run.json of Pinch/u);
  });

  test('refuses what is no small file', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'run.json'), ' '.repeat(2 << 20));
    await expect(readRun(folder)).rejects.toThrow(/larger than 1048576 bytes/u);
    const other = temporaryFolder();
    mkdirSync(join(other, 'run.json'));
    await expect(readRun(other)).rejects.toThrow(/run.json: it cannot be read/u);
  });

  test.skipIf(process.platform === 'win32')('does not wait for a named pipe', async () => {
    const folder = temporaryFolder();
    spawnSync('mkfifo', [join(folder, 'run.json')]);
    await expect(readRun(folder)).rejects.toThrow(/it is not a file/u);
  });
});

describe('readState', () => {
  test('is undefined before a trainer wrote one', async () => {
    expect(await readState(temporaryFolder())).toBeUndefined();
  });

  test('names a file that is no state', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'state.json'), '{"status":"flying"}');
    await expect(readState(folder)).rejects.toThrow(
      /state.json: this is not a state.json of Pinch: "status" is wrong/u,
    );
  });
});

describe('liveness', () => {
  test.each(['starting', 'running', 'stopping'] as const)('a process that lives is live: %s', async (status) => {
    expect(await liveness(runState({ status, processStart: await processStart(process.pid) }))).toBe('live');
  });

  test.each(['done', 'failed', 'stopped'] as const)('one that says it is over has ended: %s', async (status) => {
    expect(await liveness(runState({ status }))).toBe('ended');
  });

  test('a process that is gone is lost at once', async () => {
    expect(await liveness(runState({ pid: await deadPid() }))).toBe('lost');
  });

  test('another process with its number is told apart once its heartbeat is old', async () => {
    const reused = runState({ pid: await sleeper(), processStart: 'long ago', heartbeat: ago(60) });
    expect(await liveness(reused)).toBe('lost');
    expect(await liveness({ ...reused, processStart: await processStart(reused.pid) })).toBe('live');
  });

  test.each([
    [5, 'live'],
    [110, 'live'],
    [130, 'lost'],
    [-86400, 'lost'],
  ])('on another machine, a heartbeat %i s old is %s', async (seconds, expected) => {
    const state = runState({ host: `not-${hostname()}`, heartbeat: ago(seconds) });
    expect(await liveness(state)).toBe(expected);
  });

  test('a run that was just made is starting; without a trainer for a minute it is lost', async () => {
    expect(await liveness(undefined, ago(2))).toBe('live');
    expect(await liveness(undefined, ago(90))).toBe('lost');
    expect(await liveness(undefined, undefined)).toBe('lost');
  });
});

test('a process is told from a later one with its number', async () => {
  const pid = await sleeper();
  expect(processExists(pid)).toBe(true);
  expect(await processStart(pid)).toBe(await processStart(pid));
  expect(await processStart(pid)).not.toBe(await processStart(process.pid));
  expect(await isAlive({ pid, processStart: await processStart(pid), host: hostname() })).toBe(true);
  const dead = await deadPid();
  expect(processExists(dead)).toBe(false);
  expect(await processStart(dead)).toBeNull();
});
