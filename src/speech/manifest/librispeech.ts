/** LibriSpeech's tree of speakers and chapters. */

import { readdir, realpath, stat } from 'node:fs/promises';
import type { Dirent } from 'node:fs';
import { dirname, join } from 'node:path';
import { audioAmong } from './audioNames.ts';
import { readKeyed } from './kaldi.ts';
import { ManifestError, type Entry } from './utterance.ts';

/** Folders within folders that such a tree has at most, with room to spare. */
const maxDepth = 6;
const ending = /\.trans\.txt(\.gz)?$/;

/** A tree with a `<speaker>-<chapter>.trans.txt` in each chapter's folder, the audio files beside it. Links are followed. */
export async function readLibriSpeech(folder: string): Promise<Entry[]> {
  const files = (await findTranscripts(folder)).sort();
  const entries: Entry[] = [];
  for (const file of files) {
    const beside = new Map<string, string[]>();
    for (const name of await readdir(dirname(file))) {
      const stem = name.replace(/\.[^.]*$/, '');
      beside.set(stem, [...(beside.get(stem) ?? []), name]);
    }
    for (const [id, { line, rest: text }] of await readKeyed(file)) {
      const name = audioAmong(beside.get(id) ?? []);
      if (name === undefined) throw new ManifestError(file, line, `there is no audio file ${id}.flac beside this file`);
      entries.push({ file, place: line, utterance: { id, audio: join(dirname(file), name), text } });
    }
  }
  return entries;
}

/** @param above the real paths of the folders that this one is in, so that links in a circle end. */
async function findTranscripts(folder: string, above: readonly string[] = []): Promise<string[]> {
  const real = await realpath(folder);
  if (above.includes(real) || above.length > maxDepth) return [];
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const kind = await kindOf(entry, path);
    if (kind === 'file' && ending.test(entry.name)) found.push(path);
    if (kind === 'folder') found.push(...(await findTranscripts(path, [...above, real])));
  }
  return found;
}

async function kindOf(entry: Dirent, path: string): Promise<'file' | 'folder' | undefined> {
  // A link to nowhere is neither.
  const info = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
  if (info?.isFile()) return 'file';
  return info?.isDirectory() ? 'folder' : undefined;
}
