/** Heartbeats: they go on while the trainer's thread is held, say only what the trainer said, and end with the run. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { parseRunState, type RunState } from '../../src/protocol/records.ts';
import { Heartbeat } from '../../src/runfolder/heartbeat.ts';
import { runState } from '../runs/records.ts';

let bundles = '';
let folder = '';
let heartbeat: Heartbeat;
beforeAll(async () => {
  bundles = mkdtempSync(join(tmpdir(), 'pinch-heartbeat-'));
  const entryPoints = [new URL('../../src/runfolder/heartbeatWorker.ts', import.meta.url).pathname];
  await build({ entryPoints, outfile: join(bundles, 'worker.mjs'), bundle: true, platform: 'node', format: 'esm' });
});
afterAll(() => rmSync(bundles, { recursive: true, force: true }));
beforeEach(() => {
  folder = mkdtempSync(join(bundles, 'run-'));
  heartbeat = new Heartbeat(folder, pathToFileURL(join(bundles, 'worker.mjs')));
});
afterEach(() => heartbeat.close());

const written = (): RunState => parseRunState(readFileSync(join(folder, 'state.json'), 'utf8'));
const state = runState({ status: 'running', nonce: 'ab12', step: 3 });

/** Holds this thread as a training step does: no message and no timer comes in. */
function hold(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Held until there is a later heartbeat; with none, far longer than it could take. */
function holdUntilNext({ heartbeat }: RunState): RunState | undefined {
  for (let waited = 0; waited < 30_000; waited += 50) {
    hold(50);
    const now = written();
    if (now.heartbeat !== heartbeat) return now;
  }
  return undefined;
}

test('goes on while the thread of the trainer is held, with the state it was given', async () => {
  await heartbeat.write(state);
  const first = written();
  const second = holdUntilNext(first);
  expect(second).toEqual({ ...first, heartbeat: second?.heartbeat });
  expect(Date.parse(second!.heartbeat)).toBeGreaterThan(Date.parse(first.heartbeat));
  expect(holdUntilNext(second!)).toBeDefined();
});

test('a step that is only told stands in the next heartbeat', async () => {
  await heartbeat.write(state);
  heartbeat.tell({ ...state, step: 4 });
  expect(holdUntilNext(written())).toMatchObject({ step: 4 });
});

test('ends with the last word of the run', async () => {
  await heartbeat.write({ ...state, status: 'done' });
  const { heartbeat: last } = written();
  await setTimeout(1500);
  expect(written()).toMatchObject({ status: 'done', heartbeat: last });
});

test('a folder that is gone is an error that names state.json, and leaves nothing', async () => {
  await heartbeat.write(state);
  rmSync(folder, { recursive: true });
  await expect(heartbeat.write({ ...state, step: 5 })).rejects.toMatchObject({
    code: 'ENOENT',
    path: join(folder, 'state.json'),
  });
});

test('what a killed process was writing is removed, and nothing else', async () => {
  await heartbeat.write(state);
  writeFileSync(join(folder, '.state.json.0123ab.tmp'), '{');
  writeFileSync(join(folder, '.run.json.0123ab.tmp'), '{');
  const other = new Heartbeat(folder, pathToFileURL(join(bundles, 'worker.mjs')));
  await other.write(state);
  await other.close();
  expect(readdirSync(folder).sort()).toEqual(['.run.json.0123ab.tmp', 'state.json']);
});

test('without its thread the states are written all the same', async () => {
  await heartbeat.write(state);
  const broken = new Heartbeat(folder, pathToFileURL(join(bundles, 'missing.mjs')));
  await broken.write(state);
  expect(written()).toMatchObject({ status: 'running', step: 3 });
  await broken.write({ ...state, status: 'stopped' });
  expect(written()).toMatchObject({ status: 'stopped' });
  await broken.close();
});
