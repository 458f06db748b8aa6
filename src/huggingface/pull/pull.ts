/** Gets a model from the hub into a folder: all of it or nothing, and what an earlier call has fetched is not fetched again. */

import { constants } from 'node:fs';
import { chmod, copyFile, open, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { syncFolder } from '../../base/atomicFile.ts';
import { quoted, reasonOf } from '../../base/errors.ts';
import { byteSize } from '../../base/format.ts';
import { makeFolder } from '../../base/makeFolder.ts';
import { hasChecksum } from '../../base/network/checksum.ts';
import { download } from '../../base/network/download.ts';
import { HttpError } from '../../base/network/request.ts';
import { lockProcess } from '../../base/processLock.ts';
import { isModelId, isRevision } from '../../protocol/hubNames.ts';
import type { PulledModel } from '../../protocol/results/pull.ts';
import { cachedRepository, type CachedRepository } from './cache.ts';
import { chooseFiles, type HubFile } from './chooseFiles.ts';
import { Hub, type HubOptions, type HubSnapshot } from './hub.ts';

export interface PullOptions extends HubOptions {
  /** As on the hub: `facebook/wav2vec2-base-960h`. */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  readonly folder: string;
  /** Paths of files to take beside or instead of what chooseFiles takes. */
  readonly files?: readonly string[];
  /** Bytes, of all files together. */
  readonly onProgress?: ((label: string, done: number, total: number) => void) | undefined;
  readonly say?: ((line: string) => void) | undefined;
}

type Source = PulledModel['files'][number]['from'];

/**
 * Everything is fetched into a folder beside the one that is asked for (`.<name>.pull`), checked, and moved there at the end.
 * @throws Error in one sentence that says what to do. What was fetched stays, and the next call goes on from there.
 */
export async function pullModel(options: PullOptions): Promise<PulledModel> {
  const { id, revision } = options;
  checkNames(id, revision);
  const hub = new Hub(options);
  const cache = await cachedRepository(id);
  const snapshot = await findSnapshot(hub, cache, options);
  const chosen = chooseFiles(snapshot.files, options.files);
  checkPaths(chosen);
  const folder = resolve(options.folder);
  const work = join(dirname(folder), `.${basename(folder)}.pull`);
  const there = await compareWith(folder, chosen);
  const files = chosen.map((file) => ({ path: file.path, bytes: file.size, from: 'there' as Source }));
  const done = (): PulledModel => ({ id, revision, commit: snapshot.commit, folder, files });
  if (there.size === chosen.length) return done();
  await makeFolder(work);
  const unlock = await lockProcess(
    join(work, 'pull.lock'),
    (owner) => `Process ${owner} is fetching into ${folder} already; wait for it, or name another folder with --out.`,
  );
  try {
    const missing = chosen.filter((file) => !there.has(file));
    const from = await fetchAll(missing, { work, hub, cache, commit: snapshot.commit, options });
    for (const file of files) file.from = from.get(file.path) ?? 'there';
    await moveInto(folder, work, missing);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new Error(`${work}: ${reasonOf(error)}.`, { cause: error });
    throw hub.explain(error, id, revision);
  } finally {
    await unlock();
    // Stays if something was fetched.
    await rmdir(work).catch(() => undefined);
  }
  await rm(work, { recursive: true, force: true });
  return done();
}

function checkNames(id: string, revision: string): void {
  if (!isModelId(id)) {
    throw new Error(`${quoted(id)} is no model of the hub; name it as there, such as facebook/wav2vec2-base-960h.`);
  }
  if (!isRevision(revision)) {
    throw new Error(`${quoted(revision)} is no revision; name a branch, a tag or a commit.`);
  }
}

/** What a server calls its files becomes names on this disk. */
function checkPaths(files: readonly HubFile[]): void {
  for (const { path } of files) {
    if (path.split('/').some((part) => !/^[^\\:\0]+$/u.test(part) || /^\.+$/u.test(part))) {
      throw new Error(`The repository has a file ${quoted(path)}, which is no name for a file here.`);
    }
  }
}

/** What the hub has, or without network the cache. */
async function findSnapshot(
  hub: Hub,
  cache: CachedRepository,
  { id, revision, say }: PullOptions,
): Promise<HubSnapshot> {
  const isOffline = /^(1|on|yes|true)$/iu.test(process.env['HF_HUB_OFFLINE'] ?? '');
  if (isOffline) {
    const cached = await cache.snapshot(revision);
    if (cached) return cached;
    throw new Error(`HF_HUB_OFFLINE is set, and the local cache has nothing of "${id}" (${cache.folder}).`);
  }
  try {
    return await hub.snapshot(id, revision);
  } catch (error) {
    const unreachable = error instanceof HttpError && error.response === undefined;
    const cached = unreachable ? await cache.snapshot(revision) : undefined;
    if (!cached) throw error;
    say?.(`${hub.host} cannot be reached; what the local cache has is taken (commit ${cached.commit.slice(0, 12)}).`);
    return cached;
  }
}

/** The files that the folder has already. @throws Error if one has other content: it may be the user's own. */
async function compareWith(folder: string, chosen: readonly HubFile[]): Promise<ReadonlySet<HubFile>> {
  const there = new Set<HubFile>();
  for (const file of chosen) {
    const path = join(folder, file.path);
    if ((await stat(path).catch(() => undefined)) === undefined) continue;
    if (!(await isWhole(path, file))) {
      throw new Error(`${path} is there, and differs from the hub's; delete it, or name another folder with --out.`);
    }
    there.add(file);
  }
  return there;
}

async function isWhole(path: string, { size, checksum }: HubFile): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.isFile() && found.size === size && (await hasChecksum(path, checksum));
}

interface Fetching {
  readonly work: string;
  readonly hub: Hub;
  readonly cache: CachedRepository;
  readonly commit: string;
  readonly options: PullOptions;
}

/** Where a file is fetched to. Its checksum is in the name, so that one of another revision is never taken for it, or its part continued. */
const placeOf = (work: string, { checksum, path }: HubFile): string =>
  join(work, `${checksum.hex.slice(0, 16)}-${path.replaceAll('/', '-')}`);

/** The folder as it will be. */
const freshFolder = (work: string): string => join(work, 'files');

async function fetchAll(
  files: readonly HubFile[],
  { work, hub, cache, commit, options }: Fetching,
): Promise<ReadonlyMap<string, Source>> {
  const { id, signal, pause, onProgress } = options;
  const total = files.reduce((sum, { size }) => sum + size, 0);
  await requireSpace(work, files, total);
  const from = new Map<string, Source>();
  let before = 0;
  for (const file of files) {
    const report = (bytes: number): void => onProgress?.(file.path, before + bytes, total);
    report(0);
    const place = placeOf(work, file);
    signal?.throwIfAborted();
    // An earlier call may have ended while it put the folder together.
    await rename(join(freshFolder(work), file.path), place).catch(() => undefined);
    if (await isWhole(place, file)) from.set(file.path, 'there');
    else if (await takeFromCache(cache, file, place)) from.set(file.path, 'cache');
    else {
      const { url, headers } = hub.fileRequest(id, commit, file.path);
      await download({ url, size: file.size, checksum: file.checksum }, place, {
        ...{ headers, signal, pause },
        onProgress: report,
      });
      from.set(file.path, 'hub');
    }
    report(file.size);
    before += file.size;
  }
  return from;
}

/** @throws Error if the disk has no room for what is still to come. */
async function requireSpace(work: string, files: readonly HubFile[], total: number): Promise<void> {
  let have = 0;
  for (const file of files) {
    const place = placeOf(work, file);
    for (const path of [place, `${place}.part`, join(freshFolder(work), file.path)])
      have += (await stat(path).catch(() => undefined))?.size ?? 0;
  }
  const { bavail, bsize } = await statfs(work);
  if (bavail * bsize >= total - have) return;
  throw new Error(
    `${work}: the disk has room for ${byteSize(bavail * bsize)}, but ${byteSize(total - have)} are still to come; free some, or name another folder with --out.`,
  );
}

/** A copy, so that nothing that is done to it changes the cache; where the file system can, one that takes no room. */
async function takeFromCache(cache: CachedRepository, file: HubFile, place: string): Promise<boolean> {
  const blob = await cache.find(file);
  if (blob === undefined) return false;
  const copy = `${place}.copy`;
  await rm(copy, { force: true });
  await copyFile(blob, copy, constants.COPYFILE_FICLONE);
  // What is read-only in the cache could not be synced, nor changed later.
  await chmod(copy, 0o644);
  const handle = await open(copy, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (!(await hasChecksum(copy, file.checksum))) {
    await rm(copy);
    return false;
  }
  await rename(copy, place);
  return true;
}

/** A new folder appears at once, with all that is in it; in one that is there, the weights come last, because without them it is no model. */
async function moveInto(folder: string, work: string, files: readonly HubFile[]): Promise<void> {
  // Removes it if it is empty.
  await rmdir(folder).catch(() => undefined);
  const isNew = (await stat(folder).catch(() => undefined)) === undefined;
  const target = isNew ? freshFolder(work) : folder;
  if (isNew) await rm(target, { recursive: true, force: true });
  for (const file of files) {
    const path = join(target, file.path);
    await makeFolder(dirname(path));
    await rename(placeOf(work, file), path);
  }
  for (const each of new Set(files.map(({ path }) => dirname(join(target, path))))) await syncFolder(each);
  if (!isNew) return;
  await rename(target, folder);
  await syncFolder(dirname(folder));
}
