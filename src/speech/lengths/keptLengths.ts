/**
 * Lengths of recordings on the disk, so that each is measured once: a file for each manifest, in which a recording is known by its path, its
 * size and the time of its last change. What a crash or a bad disk left of such a file counts as not there.
 */

import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { writeAtomically } from '../../base/atomicFile.ts';
import { makeFolder } from '../../base/makeFolder.ts';

/** A recording as it was when it was measured. */
export interface KeptLength {
  /** Bytes; for one in a parquet file, of that file. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly seconds: number;
}

/** By `lengthKey`. */
export type KeptLengths = Map<string, KeptLength>;

export function lengthKey(path: string): string {
  return createHash('sha256').update(path).digest().toString('latin1', 0, keyBytes);
}

/** The file that a manifest's lengths are kept in. */
export function keptLengthsFile(folder: string, manifest: string): string {
  const path = resolve(manifest);
  const sum = createHash('sha256').update(path).digest('hex').slice(0, 12);
  const name = basename(path).replace(/[^\w.-]+/gu, '-');
  return join(folder, `${name.slice(0, 60)}-${sum}${ending}`);
}

/** What is kept there; nothing if the file is not there or not as it was written. */
export async function readKeptLengths(file: string): Promise<KeptLengths> {
  const kept: KeptLengths = new Map();
  const info = await stat(file).catch(() => undefined);
  if (!info?.isFile() || info.size > headBytes + mostRecordings * recordBytes) return kept;
  const bytes = await readFile(file).catch(() => Buffer.alloc(0));
  const records = bytes.subarray(headBytes);
  const isWhole = bytes.subarray(0, headBytes).equals(head(records)) && records.length % recordBytes === 0;
  if (!isWhole) return kept;
  for (let at = 0; at < records.length; at += recordBytes) {
    const [size, modified, seconds] = [0, 8, 16].map((of) => records.readDoubleLE(at + keyBytes + of)) as Numbers;
    if (![size, modified, seconds].every((value) => Number.isFinite(value) && value >= 0)) continue;
    kept.set(records.toString('latin1', at, at + keyBytes), { size, modified, seconds });
  }
  const now = new Date();
  await utimes(file, now, now).catch(() => undefined);
  return kept;
}

/**
 * Adds lengths to what is kept there, and to what another process has kept meanwhile. The folder's files that were not used for longest are
 * removed if there are too many. @throws the file system's error.
 */
export async function keepLengths(folder: string, file: string, lengths: KeptLengths): Promise<void> {
  const all = new Map([...(await readKeptLengths(file)), ...lengths]);
  const records = Buffer.alloc(Math.min(all.size, mostRecordings) * recordBytes);
  let at = 0;
  // The newest come last, and are those that stay.
  for (const [key, { size, modified, seconds }] of [...all].slice(-mostRecordings)) {
    records.write(key, at, 'latin1');
    [size, modified, seconds].forEach((value, i) => records.writeDoubleLE(value, at + keyBytes + 8 * i));
    at += recordBytes;
  }
  await makeFolder(folder);
  await writeAtomically(file, [head(records), records]);
  await removeOld(folder);
}

type Numbers = [size: number, modified: number, seconds: number];

const ending = '.lengths';
const magic = 'pinch lengths 1\n';
/** The magic, and the checksum of what follows. */
const headBytes = 16 + 32;
const keyBytes = 16;
const recordBytes = keyBytes + 3 * 8;
/** 80 MB. */
const mostRecordings = 2_000_000;
/** Bytes of all files of the folder. */
const limit = 200e6;

function head(records: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(magic), createHash('sha256').update(records).digest()]);
}

async function removeOld(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ending));
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      // Another process may have removed it meanwhile.
      const info = await stat(path).catch(() => undefined);
      return { path, size: info?.size ?? 0, used: info?.mtimeMs ?? 0 };
    }),
  );
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.sort((a, b) => a.used - b.used)) {
    if (total <= limit) return;
    await rm(path, { force: true });
    total -= size;
  }
}
