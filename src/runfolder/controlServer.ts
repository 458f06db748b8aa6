/** Listens for control messages: on a local socket that only this user can open, or on a stream such as standard input. */

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import {
  controlLine,
  longestRequest,
  parseControlRequest,
  type ControlReply,
  type ControlRequest,
} from '../protocol/control.ts';
import { removeAbandonedSockets, socketFolderPrefix, socketName } from './abandonedSockets.ts';

export type ControlAnswer = (request: ControlRequest) => ControlReply;

export interface ControlServer {
  /** The path of the socket, or of the named pipe on Windows. */
  readonly path: string;
  readonly close: () => Promise<void>;
}

/** @param nonce makes the pipe's name on Windows impossible to guess. */
export async function listenForControl(nonce: string, answer: ControlAnswer): Promise<ControlServer> {
  const windows = process.platform === 'win32';
  await removeAbandonedSockets(tmpdir());
  // Paths of sockets may be no longer than about 100 characters, which run folders easily are.
  // What mkdtemp makes, only this user can enter.
  const folder = windows ? undefined : await mkdtemp(join(tmpdir(), socketFolderPrefix(process.pid)));
  const path = folder === undefined ? `\\\\.\\pipe\\pinch-${nonce}` : join(folder, socketName);
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    answerLines(socket, answer);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  // Alone, it is no reason to go on living.
  server.unref();
  return { path, close: () => close(server, folder) };
}

/** Reads requests from a stream that cannot be answered. @param onEnd is called once when the stream ends. */
export function readControl(stream: Readable, answer: ControlAnswer, onEnd: () => void): void {
  eachLine(stream, (line) => {
    try {
      answer(parseControlRequest(line));
    } catch {
      // Whoever wrote this cannot be told.
    }
  });
  stream.once('end', onEnd);
  stream.once('error', onEnd);
}

function answerLines(socket: Duplex, answer: ControlAnswer): void {
  eachLine(socket, (line) => {
    let reply: ControlReply;
    try {
      reply = answer(parseControlRequest(line));
    } catch (error) {
      reply = { kind: 'refused', message: error instanceof Error ? error.message : String(error) };
    }
    socket.write(controlLine(reply));
  });
}

function eachLine(stream: Readable, use: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) use(line);
    if (rest.length > longestRequest) stream.destroy();
  });
}

async function close(server: Server, folder: string | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    // Connections that others keep open do not hold the trainer back.
    setTimeout(resolve, 200).unref();
  });
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
