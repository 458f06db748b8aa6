/** Recognises a manifest, file or folder, and counts its utterances where that is quick. */

import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { headBytes, recogniseManifest, type TableKind } from './manifestHead.ts';

export interface FoundManifest {
  /** The path for the engine: a file or a folder. */
  readonly path: string;
  readonly kind: TableKind | 'audio folder' | 'Kaldi' | 'LibriSpeech';
  /** Undefined if counting would take long. */
  readonly utterances: number | undefined;
  /** Bytes of the text, without the audio. */
  readonly bytes: number;
}

/** Larger texts are not counted. */
const countedBytes = 32 * 2 ** 20;

/** File names that make a folder an audio folder of Hugging Face. */
export const metadataNames = ['metadata.csv', 'metadata.jsonl', 'metadata.tsv'];

/** The manifest in a file of JSON lines, CSV or TSV; undefined for other files. The metadata of an audio folder stands for the folder. */
export async function measureTable(file: string): Promise<FoundManifest | undefined> {
  const kind = recogniseManifest(await readHead(file));
  if (kind === undefined) return undefined;
  const ofFolder = metadataNames.includes(basename(file));
  const { utterances, bytes } = await countLines([file]);
  return {
    path: ofFolder ? dirname(file) : file,
    kind: ofFolder ? 'audio folder' : kind,
    // The first line of a table is its header.
    utterances: utterances === undefined || kind === 'JSON lines' ? utterances : Math.max(0, utterances - 1),
    bytes,
  };
}

/** A folder with `wav.scp` and `text`. */
export async function measureKaldi(folder: string): Promise<FoundManifest | undefined> {
  const names = await readdir(folder).catch((): string[] => []);
  if (!names.includes('text')) return undefined;
  return { path: folder, kind: 'Kaldi', ...(await countLines([join(folder, 'text')])) };
}

/** A tree of folders with transcripts. */
export async function measureLibriSpeech(folder: string, transcripts: readonly string[]): Promise<FoundManifest> {
  return { path: folder, kind: 'LibriSpeech', ...(await countLines(transcripts)) };
}

async function readHead(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Number of non-empty lines in all files. */
async function countLines(files: readonly string[]): Promise<{ utterances: number | undefined; bytes: number }> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes > countedBytes) return { utterances: undefined, bytes };
  let utterances = 0;
  for (const file of files) utterances += await linesOf(file);
  return { utterances, bytes };
}

const newline = 10;

async function linesOf(file: string): Promise<number> {
  let lines = 0;
  let begun = false;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    for (const byte of chunk) {
      if (byte === newline) begun = false;
      else if (!begun && byte > 32) {
        begun = true;
        lines += 1;
      }
    }
  }
  return lines;
}
