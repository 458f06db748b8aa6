/** Data sets that are folders: Kaldi's, LibriSpeech's. */

import { readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { linesOf, readText, splitKey } from './text.ts';
import { ManifestError, type Entry } from './utterance.ts';

/** Folders within folders that a LibriSpeech tree has at most, with room to spare. */
const maxDepth = 6;

interface Keyed {
  readonly line: number;
  readonly rest: string;
}

/**
 * A Kaldi folder: `text` lists the utterances, `wav.scp` their recordings, and `segments`, if it is there, which part of a recording
 * each utterance is. Commands in `wav.scp` are not run: a data folder is not trusted that far.
 */
export async function readKaldi(folder: string): Promise<Entry[]> {
  const scpFile = join(folder, 'wav.scp');
  const recordings = await readKeyed(scpFile);
  for (const { line, rest } of recordings.values()) {
    if (rest.startsWith('|') || rest.endsWith('|')) {
      throw new ManifestError(
        scpFile,
        line,
        'this is a command, and commands are not run; convert the audio to files first and list their paths',
      );
    }
    if (rest === '') throw new ManifestError(scpFile, line, 'no path');
  }
  const segmentsFile = join(folder, 'segments');
  const segments = existsSync(segmentsFile) ? await readKeyed(segmentsFile) : undefined;
  const textFile = join(folder, 'text');
  const entries: Entry[] = [];
  for (const [id, { line, rest: text }] of await readKeyed(textFile)) {
    const segment = segments?.get(id);
    if (segments && !segment) throw new ManifestError(textFile, line, `utterance ${id} is not in ${segmentsFile}`);
    const part = segment ? parseSegment(segmentsFile, segment) : undefined;
    const recording = recordings.get(part?.recording ?? id);
    if (!recording) {
      throw new ManifestError(textFile, line, `recording ${part?.recording ?? id} is not in ${scpFile}`);
    }
    const audio = resolve(folder, recording.rest);
    entries.push({
      file: textFile,
      line,
      utterance: { id, audio, text, ...(part ? { offset: part.offset, duration: part.duration } : {}) },
    });
  }
  return entries;
}

/** A tree with a `<speaker>-<chapter>.trans.txt` in each chapter's folder, the audio files beside it. */
export async function readLibriSpeech(folder: string): Promise<Entry[]> {
  const files = (await findTranscripts(folder)).sort();
  const entries: Entry[] = [];
  for (const file of files) {
    const names = (await readdir(dirname(file))).filter((name) => !name.endsWith('.txt'));
    const beside = new Map(names.map((name) => [name.replace(/\.[^.]*$/, ''), name]));
    for (const [id, { line, rest: text }] of await readKeyed(file)) {
      const name = beside.get(id);
      if (name === undefined) throw new ManifestError(file, line, `there is no audio file ${id}.flac beside this file`);
      entries.push({ file, line, utterance: { id, audio: join(dirname(file), name), text } });
    }
  }
  return entries;
}

async function findTranscripts(folder: string, depth = 0): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile() && entry.name.endsWith('.trans.txt')) found.push(path);
    if (entry.isDirectory() && depth < maxDepth) found.push(...(await findTranscripts(path, depth + 1)));
  }
  return found;
}

/** Lines of "key the rest" by their key. @throws ManifestError if a key comes twice. */
async function readKeyed(file: string): Promise<Map<string, Keyed>> {
  const keyed = new Map<string, Keyed>();
  for (const line of linesOf(await readText(file))) {
    const { key, rest } = splitKey(line.text);
    const before = keyed.get(key);
    if (before) throw new ManifestError(file, line.number, `${key} is already on line ${before.line}`);
    keyed.set(key, { line: line.number, rest });
  }
  return keyed;
}

function parseSegment(file: string, { line, rest }: Keyed): { recording: string; offset: number; duration: number } {
  const [recording, from, to] = rest.split(/\s+/);
  const offset = Number(from);
  const duration = Number(to) - offset;
  if (recording === undefined || !(offset >= 0) || !(duration > 0)) {
    throw new ManifestError(file, line, 'expected "utterance recording start end", with start before end, in seconds');
  }
  // Differences of decimal numbers leave dust behind the microseconds.
  return { recording, offset, duration: Number(duration.toFixed(6)) };
}
