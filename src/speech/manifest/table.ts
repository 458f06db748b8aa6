/** Parses tables of text, and reads those that have no header. */

import { extname } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { isAudioName } from '../../protocol/manifests/audioNames.ts';
import { linesOf, splitKey } from '../../protocol/manifests/lines.ts';
import {
  cellsOf,
  headerlessDelimiter,
  ljSpeechPlaces,
  unquote,
  type Delimiter,
} from '../../protocol/manifests/tables.ts';
import type { ManifestFile } from './manifestFile.ts';
import { pathResolver } from './roots.ts';
import { findFile } from './text.ts';
import { ManifestError, type Entry } from './utterance.ts';

const kinds: Readonly<Record<Delimiter, string>> = {
  '\t': 'TSV table',
  '|': 'table with |',
  ';': 'CSV table with semicolons',
  ',': 'CSV table',
};

/** Rows with the line that each ends on. Quotes are text in tables with tabs or `|`: Common Voice and LJSpeech write stray ones. */
export function parseTable(file: string, text: string, delimiter: Delimiter): { line: number; cells: string[] }[] {
  const tabs = delimiter === '\t';
  try {
    const rows = parse(text, {
      delimiter,
      quote: tabs || delimiter === '|' ? null : '"',
      info: true,
      skip_empty_lines: true,
      relax_column_count: false,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return rows.map(({ record, info }) => ({ line: info.lines, cells: tabs ? record.map(unquote) : record }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error['lines'] === 'number' ? error['lines'] : undefined;
    throw new ManifestError(file, line, `this is not a well-formed ${kinds[delimiter]} (${error.message})`);
  }
}

/** Two columns, the file and its text, in any order; with spaces or `|` the file stands first, and with `|` a speaker's number may stand between. */
export function readHeaderless(file: ManifestFile): Entry[] {
  const { path, folder, text, head } = file;
  const delimiter = headerlessDelimiter(head[0].text);
  if (delimiter === undefined) throw new ManifestError(path, 1, 'the first line names no audio file');
  const rows =
    delimiter === ' '
      ? linesOf(text).map(({ number, text: line }) => {
          const { key, rest } = splitKey(line);
          return { line: number, cells: [key, rest] };
        })
      : parseTable(path, text, delimiter);
  const audioAt =
    delimiter === '|'
      ? 0
      : Math.max(0, delimiter === ' ' ? 0 : cellsOf(head[0].text, delimiter).findIndex(isAudioName));
  const resolvePath = pathResolver(folder);
  return rows.map(({ line, cells }) => {
    const audio = (cells[audioAt] ?? '').trim();
    const spoken = audioAt === 0 ? cells.at(-1) : cells[0];
    if (audio === '' || audio.includes('\0')) throw new ManifestError(path, line, 'this line names no audio file');
    return {
      file: path,
      place: line,
      utterance: { id: audio, audio: resolvePath(audio), text: (spoken ?? '').trim() },
    };
  });
}

/** The normalised text counts where there is one: the numbers in it are words. */
export function readLJSpeech({ path, folder, text }: ManifestFile): Entry[] {
  const rows = parseTable(path, text, '|');
  const [first] = rows;
  const nameOf = ljNames(folder, first?.cells[0] ?? '');
  const resolvePath = pathResolver(folder);
  return rows.map(({ line, cells: [id = '', raw = '', normalised = ''] }) => {
    if (id === '' || id.includes('\0')) throw new ManifestError(path, line, 'this line names no audio file');
    const audio = resolvePath(nameOf(id));
    return { file: path, place: line, utterance: { id, audio, text: normalised === '' ? raw : normalised } };
  });
}

/** How the names of a set's files are made of their ids, found with the first. */
function ljNames(folder: string, id: string): (id: string) => string {
  if (extname(id) !== '' && isAudioName(id)) return (name) => name;
  const found = ljSpeechPlaces(id).findIndex((place) => findFile([`${folder}/${place}`]) !== undefined);
  return (name) => ljSpeechPlaces(name)[Math.max(0, found)] ?? name;
}
