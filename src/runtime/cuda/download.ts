/** Downloads a large file: resumes an interrupted download, and checks the file's checksum. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { HttpError, patience, request, stalled } from './http.ts';
import type { RemotePackage } from './nuget.ts';

export interface DownloadOptions {
  readonly onProgress?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds before the first retry after a try that brought nothing; doubled each time. */
  readonly pause?: number;
}

/** Number of tries in a row that may bring nothing. */
const tries = 5;

/**
 * Downloads to `file`, through `file.part`, which is kept after an interruption.
 * @throws Error in one sentence: no network, a refusal, no space, or a wrong checksum (then nothing is kept).
 */
export async function download(remote: RemotePackage, file: string, options: DownloadOptions = {}): Promise<void> {
  const part = `${file}.part`;
  let [empty, pause] = [0, options.pause ?? 500];
  for (;;) {
    const before = await sizeOf(part);
    if (before === remote.size) break;
    if (before > remote.size) await rm(part);
    try {
      await fetchRest(remote, part, options);
    } catch (error) {
      if (!(error instanceof HttpError) || !error.again) throw error;
      const brought = (await sizeOf(part)) > before;
      empty = brought ? 0 : empty + 1;
      if (empty >= tries) throw error;
      await wait(brought ? 0 : pause, undefined, options.signal ? { signal: options.signal } : {});
      if (!brought) pause *= 2;
    }
  }
  const found = await sha512(part);
  if (found !== remote.sha512) {
    await rm(part);
    throw new Error(
      `${remote.url}: the downloaded file has not the checksum that the server gives, so it was deleted; run the command again.`,
    );
  }
  await rename(part, file);
}

/** base64 of a file's SHA-512. */
export async function sha512(file: string): Promise<string> {
  const hash = createHash('sha512');
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest('base64');
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

/** Appends the missing bytes to `part`. @throws HttpError if the connection breaks off. */
async function fetchRest(
  { url, size }: RemotePackage,
  part: string,
  { onProgress, signal }: DownloadOptions,
): Promise<void> {
  const watch = new AbortController();
  let timer = setTimeout(() => watch.abort(stalled), patience);
  const came = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => watch.abort(stalled), patience);
  };
  const ends = signal ? AbortSignal.any([signal, watch.signal]) : watch.signal;
  const out = await open(part, 'a');
  try {
    let have = (await out.stat()).size;
    const response = await request(url, have > 0 ? { range: `bytes=${have}-` } : {}, ends);
    // A server without ranges sends the whole file again.
    const start = Number(/^bytes (\d+)-/u.exec(response.headers.get('content-range') ?? '')?.[1] ?? 0);
    if (response.status !== 206 || start !== have) {
      await out.truncate(0);
      have = 0;
      if (response.status === 416 || (response.status === 206 && start !== 0)) {
        await response.body?.cancel();
        throw new HttpError(`${url}: the server sends another part than the one that was asked for.`, true);
      }
    }
    try {
      for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        came();
        have += piece.byteLength;
        if (have > size) throw new Error(`${url}: the server sends more than the ${size} bytes that it announced.`);
        for (let done = 0; done < piece.byteLength;) done += (await out.write(piece, done)).bytesWritten;
        onProgress?.(have);
      }
    } catch (error) {
      if (signal?.aborted) throw error;
      if (isBrokenOff(error) || watch.signal.aborted) {
        throw new HttpError(
          `${new URL(url).host}: the connection broke off; run the command again to go on.`,
          true,
          error,
        );
      }
      throw error;
    }
    if (have < size)
      throw new HttpError(`${new URL(url).host}: the connection broke off; run the command again to go on.`, true);
    await out.sync();
  } finally {
    clearTimeout(timer);
    await out.close();
  }
}

/** Whether an error of fetch means that the connection ended; otherwise the disk or this program failed. */
function isBrokenOff(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Error && error.name === 'AbortError');
}
