/** LibriSpeech's tree of speakers and chapters. */

import { readdir, realpath, stat } from 'node:fs/promises';
import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { concurrently } from '../../base/concurrently.ts';
import { audioAmong } from '../../protocol/manifests/audioNames.ts';
import { readKeyed } from './kaldi.ts';
import { ManifestError, type Entry } from './utterance.ts';

/** Folders within folders that such a tree has at most, with room to spare. */
const maxDepth = 6;
/** Folders that are read at once within each, and chapters. */
const atOnce = 16;
const ending = /\.trans\.txt(\.gz)?$/;

interface Chapter {
  readonly folder: string;
  readonly transcript: string;
  /** Of all that is in the folder. */
  readonly names: readonly string[];
}

/** A tree with a `<speaker>-<chapter>.trans.txt` in each chapter's folder, the audio files beside it. Links are followed. */
export async function readLibriSpeech(folder: string): Promise<Entry[]> {
  const chapters = (await findChapters(folder)).sort((a, b) => (a.transcript < b.transcript ? -1 : 1));
  return (await concurrently(chapters, atOnce, readChapter)).flat();
}

async function readChapter({ folder, transcript: file, names }: Chapter): Promise<Entry[]> {
  const beside = new Map<string, string[]>();
  for (const name of names) {
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

/** @param above the folders that this one is in. */
async function findChapters(folder: string, above: readonly string[] = []): Promise<Chapter[]> {
  if (above.length > maxDepth) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.map(({ name }) => name);
  const within = [...above, folder];
  const found = await concurrently(entries, atOnce, async (entry): Promise<Chapter[]> => {
    if (entry.isFile() && !ending.test(entry.name)) return [];
    const path = join(folder, entry.name);
    const kind = await kindOf(entry, path);
    if (kind === 'file' && ending.test(entry.name)) return [{ folder, transcript: path, names }];
    if (kind !== 'folder' || (entry.isSymbolicLink() && (await leadsInto(path, within)))) return [];
    return findChapters(path, within);
  });
  return found.flat();
}

/** Whether a link goes round in a circle. */
async function leadsInto(link: string, folders: readonly string[]): Promise<boolean> {
  const [target, ...others] = await Promise.all([link, ...folders].map((path) => realpath(path)));
  return others.some((other) => other === target);
}

async function kindOf(entry: Dirent, path: string): Promise<'file' | 'folder' | undefined> {
  // A link to nowhere is neither.
  const info = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
  if (info?.isFile()) return 'file';
  return info?.isDirectory() ? 'folder' : undefined;
}
