/** Reads an audio file for a page. */

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { reasonOf } from '../../base/errors.ts';

/** MIME types that the editor's browser can play, by file extension. */
export const soundTypes: ReadonlyMap<string, string> = new Map([
  ['.wav', 'audio/wav'],
  ['.flac', 'audio/flac'],
  ['.mp3', 'audio/mpeg'],
  ['.ogg', 'audio/ogg'],
  ['.oga', 'audio/ogg'],
  ['.opus', 'audio/ogg'],
  ['.webm', 'audio/webm'],
  ['.m4a', 'audio/mp4'],
]);

const largestFile = 50 * 2 ** 20;
/** Without O_NONBLOCK, opening a named pipe waits for its other end. Windows has no such flag. */
const readOnly = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);

export interface Sound {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** MIME type. */
  readonly type: string;
}

/** @throws Error with one sentence if the file is not audio, is too large or cannot be read. */
export async function readSound(path: string): Promise<Sound> {
  const type = soundTypes.get(extname(path).toLowerCase());
  if (type === undefined) throw new Error(`${path} is in a format that the editor cannot play.`);
  let file;
  try {
    file = await open(path, readOnly);
  } catch (error) {
    throw new Error(`${path} cannot be played: ${reasonOf(error)}.`);
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new Error(`${path} cannot be played: it is not a file.`);
    if (stat.size > largestFile) throw new Error(`${path} is larger than 50 MB; play it outside the editor.`);
    // A buffer of its own: Node's small buffers are parts of a larger one.
    const bytes = new Uint8Array(stat.size);
    const { bytesRead } = await file.read(bytes, 0, stat.size, 0);
    return { bytes: bytes.subarray(0, bytesRead), type };
  } finally {
    await file.close();
  }
}
