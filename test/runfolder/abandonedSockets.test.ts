/** What killed trainers leave in the folder of temporary files, and what of it may be removed. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { removeAbandonedSockets } from '../../src/runfolder/abandonedSockets.ts';

/** A process that listens where it is told until it is killed. */
const listener = `require('node:net').createServer().listen(process.argv[1], () => console.log('listens'))`;

describe.skipIf(process.platform === 'win32')('abandoned sockets', () => {
  let folder = '';
  let dead = 0;
  const at = (name: string): string => join(folder, name);
  const make = (name: string): string => {
    mkdirSync(at(name));
    return at(name);
  };
  const age = (name: string): void => utimesSync(at(name), new Date(0), new Date(0));
  const killed = async (name: string): Promise<void> => {
    const child = spawn(process.execPath, ['-e', listener, join(make(name), 'control')]);
    await once(child.stdout, 'data');
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    dead = child.pid!;
    age(name);
  };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pinch-sockets-'));
    await killed('pinch-Abc123');
    await killed('pinch-Def456');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('go, where the process was killed or never came to listen', async () => {
    make(`pinch-${dead}-Abc123`);
    age(`pinch-${dead}-Abc123`);
    await removeAbandonedSockets(folder);
    for (const name of ['pinch-Abc123', 'pinch-Def456', `pinch-${dead}-Abc123`])
      expect(existsSync(at(name))).toBe(false);
  });

  test('stay, where somebody answers, the process lives, the folder is new, or holds anything else', async () => {
    const server = createServer().listen(join(make('pinch-Live12'), 'control'));
    await once(server, 'listening');
    await killed(`pinch-${process.pid}-Abc123`);
    make(`pinch-${dead}-New123`);
    writeFileSync(join(make(`pinch-${dead}-Files1`), 'notes.txt'), 'mine');
    writeFileSync(join(make(`pinch-${dead}-File12`), 'control'), 'no socket');
    writeFileSync(at('pinch-Afile1'), 'a file of such a name');
    const names = ['pinch-Live12', `pinch-${dead}-Files1`, `pinch-${dead}-File12`, 'pinch-Afile1'];
    for (const name of names) age(name);
    await removeAbandonedSockets(folder);
    for (const name of [...names, `pinch-${process.pid}-Abc123`, `pinch-${dead}-New123`]) {
      expect(existsSync(at(name)), name).toBe(true);
    }
    server.close();
  });
});
