/**
 * The readers of manifests, one for each kind of file and of folder. What kind a file is, `protocol/manifests/fileKinds.ts` says; the first
 * folder reader that recognises a folder reads it.
 */

import { join } from 'node:path';
import type { FileKind } from '../../protocol/manifests/fileKinds.ts';
import { fairseqFileIn, isKaldiFolder, lhotseFileIn, metadataIn } from '../../protocol/manifests/folders.ts';
import { readFairseq } from './fairseq.ts';
import { readKaldi } from './kaldi.ts';
import { readCuts, readRecordings, readSupervisions } from './lhotse.ts';
import { readLibriSpeech } from './librispeech.ts';
import type { ManifestFile } from './manifestFile.ts';
import { parquetIn, readParquet, splitIn } from './parquet.ts';
import { readRecords, readTable } from './records.ts';
import { readHeaderless, readLJSpeech } from './table.ts';
import type { Entry } from './utterance.ts';

/** @throws ManifestError naming what is wrong. */
type Read<Source> = (source: Source) => Entry[] | Promise<Entry[]>;

const readJson: Read<ManifestFile> = ({ path, rows }) => readRecords(path, rows ?? []);

export const fileReaders: Readonly<Record<FileKind, Read<ManifestFile>>> = {
  'Lhotse cuts': readCuts,
  'Lhotse recordings': readRecordings,
  'Lhotse supervisions': readSupervisions,
  'JSON of NeMo, WeNet, SpeechBrain or Hugging Face': readJson,
  'other JSON': readJson,
  fairseq: readFairseq,
  'table with a header': readTable,
  'table without a header': readHeaderless,
  LJSpeech: readLJSpeech,
  'other text': readTable,
};

/** A folder, and the names of what is in it. */
export interface ManifestFolder {
  readonly path: string;
  readonly names: readonly string[];
  /** Reads a manifest file in it. */
  readonly readFile: (path: string) => Promise<Entry[]>;
}

interface FolderReader {
  readonly name: string;
  readonly recognises: (folder: ManifestFolder) => boolean;
  readonly read: Read<ManifestFolder>;
}

export const folderReaders: readonly FolderReader[] = [
  { name: 'Kaldi or ESPnet', recognises: ({ names }) => isKaldiFolder(names), read: ({ path }) => readKaldi(path) },
  oneFile('Hugging Face audio folder or LJSpeech', metadataIn),
  oneFile('Lhotse', lhotseFileIn),
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
  oneFile('fairseq', fairseqFileIn),
  { name: 'LibriSpeech', recognises: () => true, read: ({ path }) => readLibriSpeech(path) },
];

/** A folder whose manifest is one of the files in it. */
function oneFile(name: string, find: (names: readonly string[]) => string | undefined): FolderReader {
  return {
    name,
    recognises: ({ names }) => find(names) !== undefined,
    read: ({ path, names, readFile }) => readFile(join(path, find(names) ?? '')),
  };
}
