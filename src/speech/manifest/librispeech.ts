/** LibriSpeech's tree of speakers and chapters. */

import { readdir, realpath, stat } from 'node:fs/promises';
import type { Dirent } from 'node:fs';
import { dirname, join } from 'node:path';
import { concurrently } from '../../base/concurrently.ts';
import { audioAmong } from './audioNames.ts';
import { readKeyed } from './kaldi.ts';
import { ManifestError, type Entry } from './utterance.ts';

/** Folders within folders that such a tree has at most, with room to spare. */
const maxDepth = 6;
/** Files and folders that are read at once, in each folder. */
const atOnce = 16;
const ending = /\.trans\.txt(\.gz)?$/;

/** A tree with a `<speaker>-<chapter>.trans.txt` in each chapter's folder, the audio files beside it. Links are followed. */
export async function readLibriSpeech(folder: string): Promise<Entry[]> {
  const files = (await findTranscripts(folder)).sort();
  return (await concurrently(files, atOnce, readChapter)).flat();
}

async function readChapter(file: string): Promise<Entry[]> {
  const folder = dirname(file);
  const beside = new Map<string, string[]>();
  for (const name of await readdir(folder)) {
    const stem = name.replace(/\.[^.]*$/, '');
    const alike = beside.get(stem);
    if (alike) alike.push(name);
    else beside.set(stem, [name]);
  }
  const keyed = await readKeyed(file);
  return Array.from(keyed, ([id, { line, rest: text }]): Entry => {
    const name = audioAmong(beside.get(id) ?? []);
    if (name === undefined) throw new ManifestError(file, line, `there is no audio file ${id}.flac beside this file`);
    return { file, place: line, utterance: { id, audio: join(folder, name), text } };
  });
}

/** @param above the real paths of the folders that this one is in, so that links in a circle end. */
async function findTranscripts(folder: string, above: readonly string[] = []): Promise<string[]> {
  const real = await realpath(folder);
  if (above.includes(real) || above.length > maxDepth) return [];
  const names = await readdir(folder, { withFileTypes: true });
  const found = await concurrently(names, atOnce, async (entry) => {
    const path = join(folder, entry.name);
    const kind = await kindOf(entry, path);
    if (kind === 'folder') return findTranscripts(path, [...above, real]);
    return kind === 'file' && ending.test(entry.name) ? [path] : [];
  });
  return found.flat();
}

async function kindOf(entry: Dirent, path: string): Promise<'file' | 'folder' | undefined> {
  // A link to nowhere is neither.
  const info = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
  if (info?.isFile()) return 'file';
  return info?.isDirectory() ? 'folder' : undefined;
}
