/**
 * The kinds of manifests, in one table each for files and folders. The first reader that recognises what is there reads it. A new kind is
 * one more line here, and a file with its two functions.
 */

import { join } from 'node:path';
import { fairseqFileIn, isFairseq, readFairseq } from './fairseq.ts';
import { isKaldi, readKaldi } from './kaldi.ts';
import {
  isCuts,
  isRecordings,
  isSupervisions,
  lhotseFileIn,
  readCuts,
  readRecordings,
  readSupervisions,
} from './lhotse.ts';
import { readLibriSpeech } from './librispeech.ts';
import type { ManifestFile } from './manifestFile.ts';
import { parquetIn, readParquet, splitIn } from './parquet.ts';
import { headerDelimiter, readRecords, readTable } from './records.ts';
import { headerlessDelimiter, isLJSpeech, readHeaderless, readLJSpeech } from './table.ts';
import type { Entry } from './utterance.ts';

interface Reader<Source> {
  readonly name: string;
  readonly recognises: (source: Source) => boolean;
  /** @throws ManifestError naming what is wrong. */
  readonly read: (source: Source) => Entry[] | Promise<Entry[]>;
}

export const fileReaders: readonly Reader<ManifestFile>[] = [
  { name: 'Lhotse cuts', recognises: isCuts, read: readCuts },
  { name: 'Lhotse recordings', recognises: isRecordings, read: readRecordings },
  { name: 'Lhotse supervisions', recognises: isSupervisions, read: readSupervisions },
  {
    name: 'JSON of NeMo, WeNet, SpeechBrain or Hugging Face',
    recognises: ({ json }) => json !== undefined,
    read: ({ path, json }) => readRecords(path, json?.rows ?? []),
  },
  { name: 'fairseq', recognises: isFairseq, read: readFairseq },
  { name: 'table with a header', recognises: (file) => headerDelimiter(file) !== undefined, read: readTable },
  {
    name: 'table without a header',
    recognises: (file) => headerlessDelimiter(file) !== undefined,
    read: readHeaderless,
  },
  { name: 'LJSpeech', recognises: isLJSpeech, read: readLJSpeech },
  // Says which columns are missing.
  { name: 'other text', recognises: () => true, read: readTable },
];

/** A folder, and the names of what is in it. */
export interface ManifestFolder {
  readonly path: string;
  readonly names: readonly string[];
  /** Reads a manifest file in it. */
  readonly readFile: (path: string) => Promise<Entry[]>;
}

const metadataFiles = ['metadata.csv', 'metadata.jsonl', 'metadata.tsv'];

export const folderReaders: readonly Reader<ManifestFolder>[] = [
  { name: 'Kaldi or ESPnet', recognises: ({ path }) => isKaldi(path), read: ({ path }) => readKaldi(path) },
  {
    name: 'Hugging Face audio folder or LJSpeech',
    recognises: (folder) => metadataIn(folder) !== undefined,
    read: (folder) => folder.readFile(join(folder.path, metadataIn(folder) ?? '')),
  },
  {
    name: 'Lhotse',
    recognises: ({ names }) => lhotseFileIn(names) !== undefined,
    read: ({ path, names, readFile }) => readFile(join(path, lhotseFileIn(names) ?? '')),
  },
  {
    name: 'parquet',
    recognises: ({ names }) => names.some((name) => name.endsWith('.parquet')),
    read: ({ path, names }) => readParquet(splitIn(path, names)),
  },
  {
    name: 'parquet in data/, as a data set is downloaded',
    recognises: ({ path, names }) => names.includes('data') && parquetIn(join(path, 'data')).length > 0,
    read: ({ path }) => readParquet(splitIn(join(path, 'data'), parquetIn(join(path, 'data')))),
  },
  {
    name: 'fairseq',
    recognises: ({ names }) => fairseqFileIn(names) !== undefined,
    read: ({ path, names, readFile }) => readFile(join(path, fairseqFileIn(names) ?? '')),
  },
  { name: 'LibriSpeech', recognises: () => true, read: ({ path }) => readLibriSpeech(path) },
];

function metadataIn({ names }: ManifestFolder): string | undefined {
  return metadataFiles.flatMap((name) => [name, `${name}.gz`]).find((name) => names.includes(name));
}
