/** Asking a trainer: the real server answers; what only looks like a trainer is not asked. */

import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ControlRequest } from '../../src/protocol/control.ts';
import { sendControl } from '../../src/runs/control.ts';
import { listenForControl, type ControlServer } from '../../src/runfolder/controlServer.ts';
import { runState, temporaryFolder } from './records.ts';

const nonce = 'a0b1c2';
let asked: ControlRequest[];
let server: ControlServer;

beforeEach(async () => {
  asked = [];
  server = await listenForControl(nonce, (request) => {
    asked.push(request);
    if (request.kind === 'status') return { kind: 'status', state: runState({ nonce, step: 7 }) };
    return request.kind === 'stop' ? { kind: 'accepted' } : { kind: 'refused', message: 'not now' };
  });
});
afterEach(() => server.close());

const state = (change: Parameters<typeof runState>[0] = {}): ReturnType<typeof runState> =>
  runState({ nonce, control: server.path, ...change });

test('a request is sent after the trainer has said that it is the one', async () => {
  expect(await sendControl(state(), { kind: 'stop' }, 5000)).toEqual({ kind: 'accepted' });
  expect(asked).toEqual([{ kind: 'status' }, { kind: 'stop' }]);
});

test('a refusal comes back', async () => {
  const reply = await sendControl(state(), { kind: 'checkpoint' }, 5000);
  expect(reply).toEqual({ kind: 'refused', message: 'not now' });
});

test('the status is asked for once', async () => {
  expect(await sendControl(state(), { kind: 'status' }, 5000)).toMatchObject({ kind: 'status', state: { step: 7 } });
  expect(asked).toHaveLength(1);
});

test('another trainer in its place is not told to stop', async () => {
  await expect(sendControl(state({ nonce: 'ffff' }), { kind: 'stop' }, 5000)).rejects.toThrow(/gone/u);
  expect(asked).not.toContainEqual({ kind: 'stop' });
});

test('a trainer that has closed its socket is gone', async () => {
  const before = state();
  await server.close();
  await expect(sendControl(before, { kind: 'stop' }, 5000)).rejects.toThrow('The trainer is gone.');
});

test('a run without a trainer, or with one on another machine, says so', async () => {
  await expect(sendControl(state({ control: null }), { kind: 'stop' }, 5000)).rejects.toThrow(/no trainer now/u);
  const elsewhere = sendControl(state({ host: 'elsewhere' }), { kind: 'stop' }, 5000);
  await expect(elsewhere).rejects.toThrow('The trainer runs on elsewhere and can be asked only from there.');
});

describe.skipIf(process.platform === 'win32')('a socket', () => {
  const open: Server[] = [];
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
  });

  /** Listens where a trainer would, and counts who comes. */
  async function listen(path: string, meet: (socket: Socket) => void = () => undefined): Promise<{ visits: number }> {
    const seen = { visits: 0 };
    const other = createServer((socket) => {
      seen.visits += 1;
      socket.on('error', () => undefined);
      meet(socket);
    });
    open.push(other);
    await new Promise<void>((resolve) => other.listen(path, resolve));
    return seen;
  }

  const own = (): string => join(mkdtempSync(join(tmpdir(), 'pinch-')), 'control');

  test.each([
    ['with another name', () => join(dirname(own()), 'other')],
    ['in a folder with another name', () => join(temporaryFolder(), 'control')],
    [
      'in a folder that others can enter',
      () => {
        const path = own();
        chmodSync(dirname(path), 0o755);
        return path;
      },
    ],
    [
      'behind a symbolic link',
      () => {
        const path = own();
        const elsewhere = join(temporaryFolder(), 'folder');
        mkdirSync(elsewhere, { mode: 0o700 });
        rmSync(dirname(path), { recursive: true });
        symlinkSync(elsewhere, dirname(path));
        return path;
      },
    ],
  ])('%s is not connected to', async (_, make) => {
    const path = make();
    const seen = await listen(path);
    await expect(sendControl(state({ control: path }), { kind: 'stop' }, 5000)).rejects.toThrow('The trainer is gone.');
    expect(seen.visits).toBe(0);
  });

  test.each([
    ['that says nothing', () => undefined, /did not answer within 0.2 s/u],
    ['that hangs up', (socket: Socket) => socket.end(), /ended before it answered/u],
    ['that talks of something else', (socket: Socket) => socket.write('HTTP/1.1 400\r\n\r\n'), /is none/u],
    ['that does not stop talking', (socket: Socket) => socket.write('x'.repeat(1e6)), /is none/u],
  ])('%s is given up', async (_, meet, message) => {
    const path = own();
    await listen(path, meet);
    await expect(sendControl(state({ control: path }), { kind: 'stop' }, 200)).rejects.toThrow(message);
  });

  test('whose folder has moved is gone', async () => {
    const path = own();
    await listen(path);
    renameSync(dirname(path), join(temporaryFolder(), 'moved'));
    await expect(sendControl(state({ control: path }), { kind: 'stop' }, 5000)).rejects.toThrow('The trainer is gone.');
  });
});
