/** Hugging Face's data sets as parquet: texts in one column, recordings in another, in one file or in several. */

import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { textFields } from '../../protocol/manifests/fields.ts';
import { parquetSplits } from '../../protocol/manifests/folders.ts';
import { openParquet, parquetAudioName } from '../audio/parquet/parquetFile.ts';
import { findField, idFields } from './fields.ts';
import { ManifestError, type Entry } from './utterance.ts';

/** `train-*.parquet` names the files of a split. */
const pattern = /^([^*]*)\*\.parquet$/;

/** The files of a folder that a name with `*` means; undefined if it has none. */
export function parquetPattern(path: string): { readonly folder: string; readonly prefix: string } | undefined {
  const prefix = pattern.exec(basename(path))?.[1];
  return prefix === undefined ? undefined : { folder: dirname(path), prefix };
}

/** The texts of the files, one after another; the recordings stay where they are. @throws ManifestError */
export async function readParquet(files: readonly string[]): Promise<Entry[]> {
  const entries: Entry[] = [];
  // One after another: a message names the first that is broken.
  for (const file of files) entries.push(...(await readOne(file, files.length > 1)));
  return entries;
}

/** The names of a folder's parquet files; none if there is no such folder. */
export function parquetIn(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder).filter((name) => name.endsWith('.parquet'));
}

/** All of one split. @throws ManifestError if there are several, as `train-00000-of-00002.parquet` and `test-…` are. */
export function splitIn(folder: string, names: readonly string[]): string[] {
  const splits = parquetSplits(names);
  if (splits.size > 1) {
    const patterns = Array.from(splits.keys(), (split) => `${split}-*.parquet`).join(' or ');
    throw new ManifestError(folder, undefined, `this folder has several splits; name ${patterns} in it`);
  }
  return [...splits.values()].flat().map((name) => join(folder, name));
}

async function readOne(path: string, isOneOfMany: boolean): Promise<Entry[]> {
  try {
    const { file, metadata, audioColumn } = await openParquet(path);
    const columns = new Map(metadata.schema.map(({ name }) => [name, '']));
    const textField = findField(textFields, columns);
    if (audioColumn === undefined || textField === undefined) {
      const missing = audioColumn === undefined ? 'recordings ({bytes, path})' : `texts (${textFields.join(', ')})`;
      throw new ManifestError(path, undefined, `this parquet file has no column with ${missing}`);
    }
    const idField = findField(idFields, columns);
    const wanted = [textField, ...(idField === undefined ? [] : [idField])];
    const rows = await parquetReadObjects({ file, metadata, compressors, columns: wanted });
    return rows.map((row, i): Entry => {
      const place = `row ${i}`;
      const text: unknown = row[textField];
      if (typeof text !== 'string') throw new ManifestError(path, place, `"${textField}" must be text`);
      const own: unknown = idField === undefined ? undefined : row[idField];
      const known = typeof own === 'string' || typeof own === 'number' || typeof own === 'bigint';
      const id = known ? String(own) : `${isOneOfMany ? `${basename(path)}#` : ''}${i}`;
      return { file: path, place, utterance: { id, audio: parquetAudioName(path, i), text } };
    });
  } catch (error) {
    if (error instanceof ManifestError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ManifestError(path, undefined, `this parquet file cannot be read (${reason})`);
  }
}
