/** Manifests of records with named fields: JSON lines, CSV and TSV, with the names that the usual data sets give the fields. */

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { audioFields, textFields } from '../../protocol/manifestFields.ts';
import { linesOf } from './text.ts';
import { ManifestError, type Entry } from './utterance.ts';

const idFields = ['id', 'utt_id', 'utterance_id'];

interface Row {
  readonly line: number;
  readonly fields: ReadonlyMap<string, unknown>;
}

/** One JSON object a line, as NeMo writes them and Hugging Face's `metadata.jsonl` has them. */
export function readJsonLines(file: string, text: string): Entry[] {
  const records = linesOf(text).map((line): Row => {
    let value: unknown;
    try {
      value = JSON.parse(line.text);
    } catch {
      throw new ManifestError(file, line.number, 'this line is not JSON');
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ManifestError(
        file,
        line.number,
        'this line is not a JSON object like {"audio_filepath": …, "text": …}',
      );
    }
    return { line: line.number, fields: new Map(Object.entries(value)) };
  });
  const folder = dirname(file);
  return records.map((record) => {
    const audioField = findField(audioFields, record.fields);
    const textField = findField(textFields, record.fields);
    if (audioField === undefined) throw missing(file, record.line, 'no audio file', audioFields);
    if (textField === undefined) throw missing(file, record.line, 'no text', textFields);
    return toEntry(file, record, { audioField, textField, folder });
  });
}

/** A table with a header line; tabs in the header make it TSV. Common Voice keeps its audio in `clips/` beside the table. */
export function readTable(file: string, text: string): Entry[] {
  const header = linesOf(text)[0];
  const tabs = header?.text.includes('\t') ?? false;
  const rows = parseTable(file, text, tabs);
  const [names, ...body] = rows;
  const columns = new Map((names?.cells ?? []).map((name) => [name.trim(), '']));
  const audioField = findField(audioFields, columns);
  const textField = findField(textFields, columns);
  const line = header?.number ?? 1;
  if (audioField === undefined || textField === undefined) {
    throw new ManifestError(
      file,
      line,
      `the header needs a column with the audio file (${audioFields.join(', ')}) and one with the text (${textFields.join(', ')})`,
    );
  }
  const clips = join(dirname(file), 'clips');
  const folder = audioField === 'path' && existsSync(clips) ? clips : dirname(file);
  return body.map(({ line, cells }) => {
    const fields = new Map([...columns.keys()].map((name, i) => [name, cells[i] ?? '']));
    // An empty cell says nothing.
    for (const [name, cell] of fields) if (cell === '' && name !== textField) fields.delete(name);
    return toEntry(file, { line, fields }, { audioField, textField, folder });
  });
}

function parseTable(file: string, text: string, tabs: boolean): { line: number; cells: string[] }[] {
  try {
    // Quotes in TSV are text: Common Voice writes sentences with stray ones.
    const rows = parse(text, {
      delimiter: tabs ? '\t' : ',',
      quote: tabs ? null : '"',
      info: true,
      skip_empty_lines: true,
      relax_column_count: false,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return rows.map(({ record, info }) => ({ line: info.lines, cells: tabs ? record.map(unquote) : record }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error['lines'] === 'number' ? error['lines'] : undefined;
    throw new ManifestError(file, line, `this is not a well-formed ${tabs ? 'TSV' : 'CSV'} table (${error.message})`);
  }
}

/** A TSV cell that a spreadsheet put into quotes. */
function unquote(cell: string): string {
  return cell.length > 1 && cell.startsWith('"') && cell.endsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}

function toEntry(
  file: string,
  { line, fields }: Row,
  { audioField, textField, folder }: { audioField: string; textField: string; folder: string },
): Entry {
  const audio = fields.get(audioField);
  if (typeof audio !== 'string' || audio === '' || audio.includes('\0')) {
    throw new ManifestError(file, line, `"${audioField}" must be the path of an audio file`);
  }
  const text = fields.get(textField);
  if (typeof text !== 'string') throw new ManifestError(file, line, `"${textField}" must be text`);
  const offset = seconds(file, line, 'offset', fields.get('offset'));
  const duration = seconds(file, line, 'duration', fields.get('duration'));
  const idField = findField(idFields, fields);
  const id =
    idField === undefined ? (offset === undefined ? audio : `${audio}@${offset}`) : String(fields.get(idField));
  return {
    file,
    line,
    utterance: {
      id,
      audio: resolve(folder, audio),
      text,
      ...(offset === undefined ? {} : { offset }),
      ...(duration === undefined ? {} : { duration }),
    },
  };
}

function seconds(file: string, line: number, name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number) || number < 0) {
    throw new ManifestError(file, line, `"${name}" must be a number of seconds`);
  }
  return number;
}

function findField(names: readonly string[], fields: ReadonlyMap<string, unknown>): string | undefined {
  return names.find((name) => fields.has(name));
}

function missing(file: string, line: number, what: string, names: readonly string[]): ManifestError {
  return new ManifestError(file, line, `${what}: expected one of ${names.map((name) => `"${name}"`).join(', ')}`);
}
