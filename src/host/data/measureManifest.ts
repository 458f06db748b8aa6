/** Recognises a manifest, file or folder, and counts its utterances where that is quick. */

import { createReadStream, existsSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { textFields } from '../../protocol/manifests/fields.ts';
import {
  hasFairseqTexts,
  isKaldiFolder,
  lhotseCounterpart,
  metadataIn,
  nameIn,
  parquetSplits,
} from '../../protocol/manifests/folders.ts';
import { parquetAudioColumn } from '../../protocol/manifests/parquetColumns.ts';
import { ljSpeechPlaces } from '../../protocol/manifests/tables.ts';
import { headBytes, recogniseManifest, type Recognised } from './manifestHead.ts';

export interface FoundManifest {
  /** The path for the engine: a file or a folder. */
  readonly path: string;
  /** What people call its form. */
  readonly kind: string;
  /** Undefined if counting would take long. */
  readonly utterances: number | undefined;
  /** Bytes of the text, without the audio. */
  readonly bytes: number;
}

/** Larger texts are not counted. */
const countedBytes = 32 * 2 ** 20;

/**
 * The manifest that a file is, or that it stands for, as the table of an audio folder stands for the folder; undefined for other files and
 * for those that lack what must lie beside them.
 */
export async function measureFile(file: string): Promise<FoundManifest | undefined> {
  const found = recogniseManifest(await readHead(file));
  if (found === undefined) return undefined;
  const [folder, name] = [dirname(file), basename(file)];
  const names = await readdir(folder);
  if (!hasCompanions(found, { folder, name, names })) return undefined;
  const ofFolder = metadataIn(names) === name && !isKaldiFolder(names);
  const { linesBefore, label } = found;
  const { utterances, bytes } = await countLines([file], linesBefore === undefined);
  return {
    path: ofFolder ? folder : file,
    kind: ofFolder && found.kind !== 'LJSpeech' ? 'audio folder' : label,
    utterances: utterances === undefined ? undefined : Math.max(0, utterances - (linesBefore ?? 0)),
    bytes,
  };
}

/** Lists whose texts or recordings lie elsewhere are only manifests with these; a table like LJSpeech's is one if its audio is there. */
function hasCompanions(
  { kind, first }: Recognised,
  { folder, name, names }: { readonly folder: string; readonly name: string; readonly names: readonly string[] },
): boolean {
  if (kind === 'fairseq') return hasFairseqTexts(name, names);
  if (kind === 'LJSpeech') return ljSpeechPlaces(first).some((place) => existsSync(join(folder, place)));
  if (kind !== 'Lhotse supervisions') return true;
  const recordings = lhotseCounterpart(name, 'supervisions', 'recordings');
  return recordings !== undefined && nameIn(names, recordings) !== undefined;
}

/** The splits of a folder of parquet files, each named as the engine takes it. Those without recordings or texts are left out. */
export async function measureParquet(folder: string, names: readonly string[]): Promise<FoundManifest[]> {
  const splits = Array.from(parquetSplits(names), async ([split, files]): Promise<FoundManifest | undefined> => {
    const parts = await Promise.all(files.map((name) => measureParquetFile(join(folder, name)).catch(() => undefined)));
    const known = parts.filter((part) => part !== undefined);
    if (known.length < files.length) return undefined;
    // A file alone has its own name; several need a pattern that no other split's files match.
    const prefix = [`${split}-`, `${split}_`, split].find((start) => files.every((name) => name.startsWith(start)));
    const alike = names.filter((name) => name.endsWith('.parquet') && name.startsWith(prefix ?? split));
    if (files.length > 1 && alike.length > files.length) return undefined;
    return {
      path: join(folder, files.length > 1 ? `${prefix}*.parquet` : (files[0] ?? '')),
      kind: 'parquet',
      utterances: known.reduce((sum, part) => sum + part.rows, 0),
      bytes: known.reduce((sum, part) => sum + part.bytes, 0),
    };
  });
  return (await Promise.all(splits)).filter((split) => split !== undefined);
}

/** Only the end of the file is read, which says what columns it has. */
async function measureParquetFile(
  path: string,
): Promise<{ readonly rows: number; readonly bytes: number } | undefined> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  const columns = new Set(metadata.schema.map(({ name }) => name));
  const readable = parquetAudioColumn(metadata) !== undefined && textFields.some((name) => columns.has(name));
  return readable ? { rows: Number(metadata.num_rows), bytes: file.byteLength } : undefined;
}

/** A folder with `wav.scp` and `text`. */
export async function measureKaldi(folder: string): Promise<FoundManifest | undefined> {
  const names = await readdir(folder).catch((): string[] => []);
  const texts = nameIn(names, 'text');
  if (texts === undefined) return undefined;
  return { path: folder, kind: 'Kaldi', ...(await countLines([join(folder, texts)])) };
}

/** A tree of folders with transcripts. */
export async function measureLibriSpeech(folder: string, transcripts: readonly string[]): Promise<FoundManifest> {
  return { path: folder, kind: 'LibriSpeech', ...(await countLines(transcripts)) };
}

async function readHead(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return unpackHead(buffer.subarray(0, bytesRead)).toString('utf8', 0, headBytes);
  } finally {
    await file.close();
  }
}

/** As much as these bytes give of a text that may be gzipped. */
function unpackHead(bytes: Buffer): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
}

/** Number of non-empty lines in all files; none of files that are packed, large or `uncounted`. */
async function countLines(
  files: readonly string[],
  uncounted = false,
): Promise<{ utterances: number | undefined; bytes: number }> {
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (uncounted || bytes > countedBytes || files.some((file) => file.endsWith('.gz')))
    return { utterances: undefined, bytes };
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
