/** Reads a manifest of any kind that speech data sets come in. */

import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readKaldi, readLibriSpeech } from './folders.ts';
import { readJsonLines, readTable } from './records.ts';
import { readText } from './text.ts';
import { ManifestError, type Entry, type Utterance } from './utterance.ts';

/**
 * The utterances of a manifest, in its order. The kind is recognised by content: JSON lines, CSV, TSV (Common Voice), a Hugging Face
 * audio folder, a Kaldi folder or a LibriSpeech tree. Relative paths are taken from the manifest's folder.
 * Whether the audio files are there is not checked.
 * @throws ManifestError naming file and line if it is empty, malformed, of no known kind, or names an utterance twice.
 */
export async function readManifest(path: string): Promise<Utterance[]> {
  const entries = await readEntries(resolve(path));
  if (entries.length === 0) throw new ManifestError(path, undefined, 'this manifest has no utterances');
  const seen = new Map<string, Entry>();
  for (const entry of entries) {
    const before = seen.get(entry.utterance.id);
    if (before) {
      const where = before.file === entry.file ? `line ${before.line}` : `${before.file}:${before.line}`;
      throw new ManifestError(entry.file, entry.line, `utterance ${entry.utterance.id} is already on ${where}`);
    }
    seen.set(entry.utterance.id, entry);
  }
  return entries.map((entry) => entry.utterance);
}

async function readEntries(path: string): Promise<Entry[]> {
  const folder = await isFolder(path);
  if (!folder) return readFile(path);
  if (existsSync(join(path, 'wav.scp'))) return readKaldi(path);
  const metadata = ['metadata.csv', 'metadata.jsonl', 'metadata.tsv'].find((name) => existsSync(join(path, name)));
  if (metadata !== undefined) return readFile(join(path, metadata));
  const entries = await readLibriSpeech(path);
  if (entries.length === 0) {
    throw new ManifestError(path, undefined, 'this folder has no wav.scp, metadata.csv, metadata.jsonl or *.trans.txt');
  }
  return entries;
}

async function readFile(path: string): Promise<Entry[]> {
  const text = await readText(path);
  if (text.trim() === '') throw new ManifestError(path, undefined, 'this manifest is empty');
  return text.trimStart().startsWith('{') ? readJsonLines(path, text) : readTable(path, text);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    throw new ManifestError(path, undefined, 'no such file or folder');
  }
}
