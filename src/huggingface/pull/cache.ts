/** The cache in which Hugging Face's own programs keep what they download (HF_HOME, HF_HUB_CACHE). Only read. */

import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import type { HubFile } from './chooseFiles.ts';
import type { HubSnapshot } from './hub.ts';

export interface CachedRepository {
  readonly folder: string;
  /** The file that the cache has under this checksum, of the same size; undefined if it has none. Its content is yet to be checked. */
  find(file: HubFile): Promise<string | undefined>;
  /** What the cache has of a branch, a tag or a commit, perhaps not all of it; undefined if it has nothing. */
  snapshot(revision: string): Promise<HubSnapshot | undefined>;
}

export async function cachedRepository(id: string): Promise<CachedRepository> {
  const { getHFHubCachePath, getRepoFolderName } = await import('./hubLibrary.ts');
  const folder = join(getHFHubCachePath(), getRepoFolderName({ type: 'model', name: id }));
  return {
    folder,
    find: async ({ checksum, size }) => {
      const blob = join(folder, 'blobs', checksum.hex);
      const found = await stat(blob).catch(() => undefined);
      return found?.isFile() && found.size === size ? blob : undefined;
    },
    snapshot: async (revision) => await readSnapshot(folder, revision).catch(() => undefined),
  };
}

async function readSnapshot(folder: string, revision: string): Promise<HubSnapshot | undefined> {
  const isCommit = /^[0-9a-f]{40}$/u.test(revision);
  const commit = isCommit ? revision : (await readFile(join(folder, 'refs', revision), 'utf8')).trim();
  if (!/^[0-9a-f]{40}$/u.test(commit)) return undefined;
  const root = join(folder, 'snapshots', commit);
  const files: HubFile[] = [];
  for (const name of await readdir(root, { recursive: true })) {
    // Each file is a link to a blob, whose name is its checksum.
    const blob = await realpath(join(root, name));
    const checksum = checksumOf(basename(blob));
    const found = await stat(blob);
    if (checksum && found.isFile()) {
      files.push({ path: name.split(sep).join('/'), size: found.size, checksum });
    }
  }
  return { commit, files };
}

/** SHA-256 of large files, git's object id of others. */
function checksumOf(name: string): HubFile['checksum'] | undefined {
  if (/^[0-9a-f]{64}$/u.test(name)) return { algorithm: 'sha256', hex: name };
  return /^[0-9a-f]{40}$/u.test(name) ? { algorithm: 'git', hex: name } : undefined;
}
