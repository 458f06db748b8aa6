/** Removes the control sockets of trainers that were killed before they could. */

import { lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { processExists } from '../runs/processIdentity.ts';

/** How the folder of a control socket starts; mkdtemp adds six characters. */
export const socketFolderPrefix = (pid: number): string => `pinch-${pid}-`;
/** The socket in it. */
export const socketName = 'control';

/** Folders of trainers of before carried no process number. */
const socketFolder = /^pinch-(?:(\d+)-)?[A-Za-z0-9]{6}$/u;
/** Milliseconds in which a trainer that has made its folder listens. */
const startTakes = 60_000;
/** Milliseconds for a socket to answer; on one machine it takes none. */
const answerTakes = 500;

/**
 * Only what is this user's, holds nothing but a socket, whose process is gone, and where nobody answers: a process number alone can be
 * another container's. What cannot be removed stays.
 * @param folder of temporary files.
 */
export async function removeAbandonedSockets(folder: string): Promise<void> {
  const user = process.getuid?.();
  if (user === undefined) return;
  const names = (await readdir(folder).catch(() => [])).filter((name) => socketFolder.test(name));
  for (const name of names) await removeIfAbandoned(join(folder, name), name, user).catch(() => undefined);
}

async function removeIfAbandoned(path: string, name: string, user: number): Promise<void> {
  const [, pid] = socketFolder.exec(name) ?? [];
  if (pid !== undefined && processExists(Number(pid))) return;
  const status = await lstat(path);
  if (!status.isDirectory() || status.uid !== user || Date.now() - status.mtimeMs < startTakes) return;
  const inside = await readdir(path);
  if (inside.some((entry) => entry !== socketName)) return;
  const socket = join(path, socketName);
  if (inside.length > 0) {
    if (!(await lstat(socket)).isSocket() || (await answers(socket))) return;
    await unlink(socket);
  }
  await rmdir(path);
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const end = (answer: boolean): void => {
      connection.destroy();
      resolve(answer);
    };
    connection.setTimeout(answerTakes, () => end(true));
    connection.once('connect', () => end(true));
    connection.once('error', ({ code }: NodeJS.ErrnoException) => end(code !== 'ECONNREFUSED'));
  });
}
