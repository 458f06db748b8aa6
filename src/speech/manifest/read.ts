/** Reads a manifest of any kind that speech data sets come in. */

import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileKind } from '../../protocol/manifests/fileKinds.ts';
import { kaldiFolderOf, readKaldi } from './kaldi.ts';
import { openManifest } from './manifestFile.ts';
import { parquetPattern, readParquet } from './parquet.ts';
import { fileReaders, folderReaders } from './readers.ts';
import { ManifestError, placeName, type Entry, type Utterance } from './utterance.ts';

export interface ReadManifestOptions {
  /** Whether a line may stand there several times, which weights training data. Tests on such data would count utterances twice. */
  readonly repeats?: boolean;
}

/**
 * The utterances of a manifest, in its order. The kind is recognised by content; `readers.ts` lists them. Relative paths are taken from the
 * manifest's folder. Whether the audio files are there is not checked.
 * @throws ManifestError naming file and line if it is empty, malformed, of no known kind, or names an utterance twice.
 */
export async function readManifest(path: string, { repeats = false }: ReadManifestOptions = {}): Promise<Utterance[]> {
  const entries = await readEntries(resolve(path));
  if (entries.length === 0) throw new ManifestError(path, undefined, 'this manifest has no utterances');
  const seen = new Map<string, Entry>();
  for (const entry of entries) {
    const before = seen.get(entry.utterance.id);
    if (before && !(repeats && isSame(before.utterance, entry.utterance))) throw twice(before, entry);
    seen.set(entry.utterance.id, entry);
  }
  return entries.map((entry) => entry.utterance);
}

async function readEntries(path: string): Promise<Entry[]> {
  const split = parquetPattern(path);
  if (split && (await isFolder(split.folder))) {
    const names = (await readdir(split.folder)).filter(
      (name) => name.startsWith(split.prefix) && name.endsWith('.parquet'),
    );
    return readParquet(names.sort().map((name) => join(split.folder, name)));
  }
  if (!(await isFolder(path))) return readFile(path);
  const folder = { path, names: await readdir(path), readFile };
  const entries = await folderReaders.find(({ recognises }) => recognises(folder))?.read(folder);
  if (entries === undefined || entries.length === 0) {
    throw new ManifestError(
      path,
      undefined,
      'this folder has no wav.scp, metadata.csv, metadata.jsonl, *.trans.txt, or single list of Lhotse or fairseq; name the manifest in it',
    );
  }
  return entries;
}

async function readFile(path: string): Promise<Entry[]> {
  const kaldi = kaldiFolderOf(path);
  if (kaldi !== undefined) return readKaldi(kaldi);
  if (path.endsWith('.parquet')) return readParquet([path]);
  const file = await openManifest(path);
  const { head, rows } = file;
  const record = rows && Object.fromEntries(rows[0]?.fields ?? []);
  const kind = fileKind({ head: [head[0].text, head[1].text], record });
  return fileReaders[kind](file);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    throw new ManifestError(path, undefined, 'no such file or folder');
  }
}

function isSame(a: Utterance, b: Utterance): boolean {
  return (
    a.audio === b.audio &&
    a.text === b.text &&
    a.offset === b.offset &&
    a.duration === b.duration &&
    a.channel === b.channel
  );
}

function twice(before: Entry, { file, place, utterance }: Entry): ManifestError {
  const line = typeof before.place === 'number' ? `line ${before.place}` : before.place;
  const where = before.file === file ? line : placeName(before.file, before.place);
  return new ManifestError(
    file,
    place,
    `utterance ${utterance.id} is already on ${where}; if both are meant, give each an "id" of its own`,
  );
}
