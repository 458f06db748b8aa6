/**
 * `pinch pull` as a process: killed at 20 random moments it finishes when it is run again, has fetched nothing twice beyond what was on its way,
 * and the files are right; what it prints, and its exit codes.
 */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { hubRefusal } from '../../src/protocol/results/pull.ts';
import { hubServer, type HubOptions, type HubRequest, type HubServer } from '../huggingface/pull/hubServer.ts';

const random = Random.seeded(20);
const noise = (length: number): Buffer =>
  Buffer.from(Uint32Array.from({ length: length / 4 }, () => random.uint32()).buffer);
const command = join(import.meta.dirname, '../../dist/cli.js');

let folder: string;
let server: HubServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-test-'));
});
afterEach(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

async function serve(files: Readonly<Record<string, Buffer>>, options: HubOptions = {}): Promise<HubServer> {
  server = await hubServer(files, options);
  return server;
}

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  HF_ENDPOINT: server?.endpoint ?? '',
  HF_HUB_CACHE: join(folder, 'cache'),
  HF_TOKEN: '',
});
const start = (...args: readonly string[]): ReturnType<typeof spawn> =>
  spawn(process.execPath, [command, 'pull', ...args], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });

test('killed at 20 random moments', async () => {
  const kills = 20;
  const files = {
    'config.json': Buffer.from('{}'),
    'vocab.json': Buffer.from('{"<pad>":0}'),
    'model.safetensors.index.json': Buffer.from('{"weight_map":{}}'),
    'model-00001-of-00003.safetensors': noise(6_000_000),
    'model-00002-of-00003.safetensors': noise(14_000_000),
    'model-00003-of-00003.safetensors': noise(20_000_000),
  };
  const total = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  const hub = await serve(files);
  const place = join(folder, 'models/model');
  const work = join(folder, 'models/.model.pull');
  /** Bytes of each file, by the start of its checksum, that had come when a process was killed. */
  let had = new Map<string, number>();
  let resumed = 0;
  for (let kill = 0; kill < kills; kill++) {
    const child = start('org/model');
    // After some more bytes, spread over the whole, and a moment in which something else may happen; or while it starts.
    const after =
      kill % 7 === 6 ? undefined : hub.sent() + random.below(Math.floor((2 * (total - hub.sent())) / (kills - kill)));
    await new Promise<void>((resolve) => {
      const soon = (): void => void setTimeout(resolve, random.below(20));
      hub.set({ slow: 2, onSent: (bytes) => (after !== undefined && bytes > after ? soon() : undefined) });
      if (after === undefined) setTimeout(resolve, random.below(600));
      child.once('close', () => resolve());
    });
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    resumed += goesOn(hub.requests.splice(0), had);
    had = partsIn(work);
    // All or nothing.
    if (child.exitCode !== 0) expect(existsSync(place)).toBe(false);
  }
  hub.set({});
  const { stdout } = await promisify(execFile)(process.execPath, [command, 'pull', 'org/model', '--json'], {
    cwd: folder,
    env: environment(),
  });
  resumed += goesOn(hub.requests, had);
  const done = JSON.parse(stdout) as { files: { path: string; from: string }[] };
  expect(done.files).toHaveLength(6);
  for (const [name, content] of Object.entries(files))
    expect(readFileSync(join(place, name)).equals(content)).toBe(true);
  expect(readdirSync(join(folder, 'models'))).toEqual(['model']);
  expect(existsSync(work)).toBe(false);

  // Many of the processes were killed in the middle of a file.
  expect(resumed).toBeGreaterThan(8);
  console.log(
    `${kills} kills, ${resumed} files continued: nothing that had come was asked for again; ${((hub.sent() - total) / 1e6).toFixed(1)} MB were on their way when a process was killed`,
  );
});

/** Bytes that came of each file that is not whole. */
function partsIn(work: string): Map<string, number> {
  if (!existsSync(work)) return new Map();
  const parts = readdirSync(work).filter((name) => /^[0-9a-f]{16}-[^/]*safetensors(\.part)?$/u.test(name));
  return new Map(parts.map((name) => [name.slice(0, 16), statSync(join(work, name)).size]));
}

/** Holds the requests of one process against what was there before: each asks for exactly the rest. @returns how many files were continued. */
function goesOn(requests: readonly HubRequest[], had: ReadonlyMap<string, number>): number {
  const asked = requests.filter(({ onCdn }) => onCdn);
  for (const { path, range } of asked) {
    const from = Number(/^bytes=(\d+)-$/u.exec(range ?? '')?.[1] ?? 0);
    expect(from).toBe(had.get(path.slice('/cdn/'.length).slice(0, 16)) ?? 0);
  }
  return asked.filter(({ range }) => range !== undefined).length;
}

test('interrupted it says how to go on, and ends with 130', async () => {
  const hub = await serve({ 'config.json': Buffer.from('{}'), 'model.safetensors': noise(8_000_000) });
  const child = start('org/model', '--out', 'here');
  let said = '';
  child.stderr?.on('data', (piece: Buffer) => (said += piece.toString()));
  let isSent = false;
  hub.set({
    slow: 5,
    onSent: (bytes) => {
      if (!isSent && bytes > 1_000_000) isSent = child.kill('SIGINT');
    },
  });
  await once(child, 'close');
  expect(child.exitCode).toBe(130);
  expect(said).toContain('Interrupted. The downloaded part is kept: run the same command again to resume.');
  expect(existsSync(join(folder, 'here'))).toBe(false);
});

test('what it prints, and where it puts a model', async () => {
  await serve({ 'config.json': Buffer.from('{}'), 'model.safetensors': noise(2_400_000) });
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [command, 'pull', 'org/model'], {
    cwd: folder,
    env: environment(),
  });
  expect(stdout).toBe(`org/model at cccccccccccc is in ${join('models', 'model')}: 2 files, 2.4 MB fetched.\n`);
  expect(stderr).toBe('model.safetensors (MB): 3/3\n');
});

test('a refusal is one sentence and exit code 1; a token that is not set is wrong usage', async () => {
  await serve({ 'config.json': Buffer.from('{}') });
  const failed = (...args: readonly string[]): Promise<unknown> =>
    promisify(execFile)(process.execPath, [command, 'pull', ...args], { cwd: folder, env: environment() }).catch(
      (error: unknown) => {
        const { code, stderr } = error as { code: number; stderr: string };
        return { code, stderr };
      },
    );
  expect(await failed('org/none')).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^127\.0\.0\.1:\d+: there is no model "org\/none"\.\n$/u) as unknown,
  });
  expect(await failed('org/model', '--token-env', 'NONE')).toEqual({
    code: 2,
    stderr: '--token-env names NONE, which is not set.\n',
  });
});

test('as JSON, a refusal says where its conditions and tokens are; a token that may read the model is taken from its variable', async () => {
  const files = { 'config.json': Buffer.from('{}'), 'model.safetensors': noise(2000) };
  const hub = await serve(files, { token: 'hf_right' });
  const pull = (variables: NodeJS.ProcessEnv, ...flags: readonly string[]): Promise<unknown> =>
    promisify(execFile)(process.execPath, [command, 'pull', 'org/model', '--json', ...flags], {
      cwd: folder,
      env: { ...environment(), ...variables },
    }).then(
      ({ stdout }) => JSON.parse(stdout) as unknown,
      (error: unknown) => JSON.parse((error as { stdout: string }).stdout) as unknown,
    );
  const [page, tokens] = [`${hub.endpoint}/org/model`, `${hub.endpoint}/settings/tokens`];
  const failed = (status: number, withToken: boolean): object => ({
    status: 'failed',
    message: expect.any(String) as unknown,
    refusal: { status, withToken, page, tokens },
  });
  const none = await pull({});
  expect(none).toEqual(failed(401, false));
  expect(v.safeParse(hubRefusal, (none as { refusal: unknown }).refusal).success).toBe(true);
  expect(await pull({ MINE: 'hf_wrong' }, '--token-env', 'MINE')).toEqual(failed(403, true));
  expect(await pull({ HF_TOKEN: 'hf_wrong' })).toEqual(failed(403, true));
  expect(await pull({ MINE: 'hf_right' }, '--token-env', 'MINE')).toMatchObject({ id: 'org/model' });
});
