/** Manifests of records with named fields: JSON in its forms, and tables with a header. */

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { audioFields, textFields } from '../../protocol/manifests/fields.ts';
import { cellsOf, headerDelimiter } from '../../protocol/manifests/tables.ts';
import { findField, needField, toEntry } from './fields.ts';
import type { ManifestFile } from './manifestFile.ts';
import { pathResolver } from './roots.ts';
import { parseTable } from './table.ts';
import { ManifestError, type Entry, type Row } from './utterance.ts';

/** Objects that each name an audio file and its text, as NeMo, WeNet, SpeechBrain and Hugging Face's `metadata.jsonl` have them. */
export function readRecords(file: string, rows: readonly Row[]): Entry[] {
  const resolvePath = pathResolver(dirname(file));
  return rows.map((row) => {
    const names = { audioField: needField(file, row, 'audio'), textField: needField(file, row, 'text'), resolvePath };
    return toEntry(file, row, names);
  });
}

/**
 * A table with a header line. Common Voice keeps its audio in `clips/` beside the table.
 * @throws ManifestError if no delimiter gives a header with the columns that are needed, or the table is malformed.
 */
export function readTable(file: ManifestFile): Entry[] {
  const { path, folder, text, head } = file;
  const delimiter = headerDelimiter(head[0].text);
  if (delimiter === undefined) {
    throw new ManifestError(
      path,
      head[0].number,
      `the header needs a column with the audio file (${audioFields.join(', ')}) and one with the text (${textFields.join(', ')})`,
    );
  }
  const [, ...body] = parseTable(path, text, delimiter);
  const names = cellsOf(head[0].text, delimiter);
  const columns = new Map(names.map((name) => [name, '']));
  const audioField = findField(audioFields, columns) ?? '';
  const textField = findField(textFields, columns) ?? '';
  const clips = join(folder, 'clips');
  const fromRoot = pathResolver(folder);
  const resolvePath = audioField === 'path' && existsSync(clips) ? (name: string) => resolve(clips, name) : fromRoot;
  return body.map(({ line, cells }) => {
    const fields = new Map(names.map((name, i) => [name, cells[i] ?? '']));
    // An empty cell says nothing.
    for (const [name, cell] of fields) if (cell === '' && name !== textField) fields.delete(name);
    return toEntry(path, { place: line, fields }, { audioField, textField, resolvePath });
  });
}
