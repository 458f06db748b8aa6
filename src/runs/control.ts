/** Sends requests to a live trainer over a socket that only its user can open. */

import { lstat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { basename, dirname, isAbsolute } from 'node:path';
import {
  controlLine,
  longestReply,
  parseControlReply,
  type ControlReply,
  type ControlRequest,
} from '../protocol/control.ts';
import { RecordError, type RunState } from '../protocol/records.ts';

/** The trainer cannot be reached. The message is a sentence. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
}

/**
 * Sends a request to the trainer that wrote this state. Its status is requested first, so that another trainer at the same address is not stopped.
 * @param timeoutMs in all. A trainer answers between two steps, which may take many seconds each.
 * @throws ControlError if it is gone, on another machine, or does not answer in time.
 */
export async function sendControl(state: RunState, request: ControlRequest, timeoutMs: number): Promise<ControlReply> {
  const path = await trustedPath(state);
  const signal = AbortSignal.timeout(timeoutMs);
  const socket = connect({ path, signal });
  try {
    return await converse(socket, state, request);
  } catch (error) {
    if (signal.aborted) throw new ControlError(`The trainer did not answer within ${timeoutMs / 1000} s.`);
    if (error instanceof ControlError) throw error;
    throw error instanceof RecordError
      ? new ControlError('What answers in place of the trainer is none.')
      : new ControlError('The trainer is gone.');
  } finally {
    socket.destroy();
  }
}

async function converse(socket: Socket, state: RunState, request: ControlRequest): Promise<ControlReply> {
  const replies = linesOf(socket);
  const ask = async (message: ControlRequest): Promise<ControlReply> => {
    socket.write(controlLine(message));
    const { value, done } = await replies.next();
    if (done === true) throw new ControlError('The trainer ended before it answered.');
    return parseControlReply(value);
  };
  const status = await ask({ kind: 'status' });
  if (status.kind !== 'status') return status;
  if (status.state.nonce !== state.nonce) throw new ControlError('The trainer is gone, and another has its place.');
  return request.kind === 'status' ? status : ask(request);
}

async function* linesOf(socket: Socket): AsyncGenerator<string, void> {
  let rest = '';
  for await (const text of socket.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > longestReply) throw new RecordError('a line that is too long');
  }
}

/**
 * A state.json may come with somebody else's workspace, and must not make us write to any other socket: only sockets where a trainer creates
 * them, in a folder that only this user can enter, are allowed. On Windows, a pipe's name could even lead to another machine.
 */
async function trustedPath({ control, host, nonce }: RunState): Promise<string> {
  if (host !== hostname()) throw new ControlError(`The trainer runs on ${host} and can be asked only from there.`);
  if (control === null) throw new ControlError('The run has no trainer now.');
  if (!(process.platform === 'win32' ? isOwnPipe(control, nonce) : await isOwnSocket(control))) {
    throw new ControlError('The trainer is gone.');
  }
  return control;
}

function isOwnPipe(path: string, nonce: string): boolean {
  return /^[0-9a-f]+$/u.test(nonce) && path === `\\\\.\\pipe\\pinch-${nonce}`;
}

async function isOwnSocket(path: string): Promise<boolean> {
  const folder = dirname(path);
  if (!isAbsolute(path) || basename(path) !== 'control' || !/^pinch-(\d+-)?\w{6}$/u.test(basename(folder)))
    return false;
  const found = await lstat(folder).catch(() => undefined);
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
}
