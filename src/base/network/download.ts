/** Downloads a large file: goes on where it was broken off, and checks what came against its checksum. */

import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hasChecksum, type Checksum } from './checksum.ts';
import { HttpError, patience, request, Retries, stalled, type RequestOptions } from './request.ts';

export interface RemoteFile {
  readonly url: string;
  /** Bytes. */
  readonly size: number;
  readonly checksum: Checksum;
}

export interface DownloadOptions extends RequestOptions {
  /** Bytes that are there, those of earlier calls included. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  /** As that of Retries. */
  readonly pause?: number | undefined;
}

/**
 * Downloads to `file`, through `file.part`, which is kept if it is broken off, and `file.part.etag`, by which the server knows what it is a part of.
 * @throws Error in one sentence: no network, a refusal, no space, or another checksum (then nothing is kept).
 */
export async function download(remote: RemoteFile, file: string, options: DownloadOptions = {}): Promise<void> {
  const part = `${file}.part`;
  const retries = new Retries(options.pause, options.signal);
  for (;;) {
    const before = await sizeOf(part);
    if (before === remote.size && before > 0) break;
    if (before > remote.size) await rm(part);
    try {
      await fetchRest(remote, part, options);
      break;
    } catch (error) {
      await retries.next(error, (await sizeOf(part)) > before).catch(async (final: unknown) => {
        if ((await sizeOf(part)) === 0) await removePart(part);
        throw final;
      });
    }
  }
  const same = await hasChecksum(part, remote.checksum);
  if (!same) {
    await removePart(part);
    throw new Error(
      `${remote.url}: what was downloaded has not the checksum that the server gives for it, so it was deleted; run the command again.`,
    );
  }
  await rename(part, file);
  await removePart(part);
}

/** With what is known of it. */
async function removePart(part: string): Promise<void> {
  for (const each of [part, etagFile(part)]) await rm(each, { force: true });
}

const etagFile = (part: string): string => `${part}.etag`;

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

/** Appends what is missing to `part`. @throws HttpError if the connection breaks off. */
async function fetchRest(
  { url, size }: RemoteFile,
  part: string,
  { headers, signal, advice, onProgress }: DownloadOptions,
): Promise<void> {
  const watch = new AbortController();
  let timer = setTimeout(() => watch.abort(stalled), patience);
  const came = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => watch.abort(stalled), patience);
  };
  const ends = signal ? AbortSignal.any([signal, watch.signal]) : watch.signal;
  const brokenOff = (cause?: unknown): HttpError =>
    new HttpError(`${new URL(url).host}: the connection broke off; run the command again to go on.`, true, { cause });
  const out = await open(part, 'a');
  try {
    let have = (await out.stat()).size;
    const response = await request(url, {
      // A range of what was compressed on the way would be another one.
      headers: { ...headers, 'accept-encoding': 'identity', ...(have > 0 ? await restOf(part, have) : {}) },
      signal: ends,
      advice,
    });
    // A server that does not know ranges, or whose file has changed since, sends all of it again.
    const start = Number(/^bytes (\d+)-/u.exec(response.headers.get('content-range') ?? '')?.[1] ?? 0);
    if (response.status !== 206 || start !== have) {
      await out.truncate(0);
      have = 0;
      if (response.status === 416 || (response.status === 206 && start !== 0)) {
        await response.body?.cancel();
        throw new HttpError(`${url}: the server sends another part than the one that was asked for.`, true);
      }
    }
    if (have === 0) await keepEtag(part, response);
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
      if (isBrokenOff(error) || watch.signal.aborted) throw brokenOff(error);
      throw error;
    }
    if (have < size) throw brokenOff();
    await out.sync();
  } finally {
    clearTimeout(timer);
    await out.close();
  }
}

/** Asks for the rest of what `part` is the start of, or for all of it if that has changed. */
async function restOf(part: string, have: number): Promise<Record<string, string>> {
  const etag = await readFile(etagFile(part), 'latin1').catch(() => '');
  return { range: `bytes=${have}-`, ...(isStrong(etag) ? { 'if-range': etag } : {}) };
}

async function keepEtag(part: string, response: Response): Promise<void> {
  const etag = response.headers.get('etag') ?? '';
  if (isStrong(etag)) await writeFile(etagFile(part), etag);
  else await rm(etagFile(part), { force: true });
}

/** Only these say that every byte is the same (RFC 9110, 8.8.1), and may be asked for. */
const isStrong = (etag: string): boolean => /^"[\x21\x23-\x7e]*"$/u.test(etag);

/** Whether fetch says that the connection ended, rather than the disk or this program. */
function isBrokenOff(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Error && error.name === 'AbortError');
}
