/** Parses tables of text, and reads those that have no header. */

import { extname } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { isAudioName } from './audioNames.ts';
import type { ManifestFile } from './manifestFile.ts';
import { pathResolver } from './roots.ts';
import { findFile, linesOf, splitKey } from './text.ts';
import { ManifestError, type Entry } from './utterance.ts';

/** What separates columns, the least likely to stand in a text first. */
export const delimiters = ['\t', '|', ';', ','] as const;
export type Delimiter = (typeof delimiters)[number];

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

/** What separates the two columns of a table without a header, one of which holds names of audio files; undefined for any other text. */
export function headerlessDelimiter({ path, head }: ManifestFile): Delimiter | ' ' | undefined {
  const first = head[0].text;
  const found = delimiters.find((delimiter) => {
    if (!first.includes(delimiter)) return false;
    const cells = tryCells(path, first, delimiter);
    return delimiter === '|' ? isAudioName(cells[0] ?? '') : cells.length === 2 && cells.some(isAudioName);
  });
  return found ?? (isAudioName(splitKey(first).key) ? ' ' : undefined);
}

/** Two columns, the file and its text, in any order; with spaces or `|` the file stands first, and with `|` a speaker's number may stand between. */
export function readHeaderless(file: ManifestFile): Entry[] {
  const { path, folder, text, head } = file;
  const delimiter = headerlessDelimiter(file);
  if (delimiter === undefined) throw new ManifestError(path, 1, 'the first line names no audio file');
  const rows =
    delimiter === ' '
      ? linesOf(text).map(({ number, text: line }) => {
          const { key, rest } = splitKey(line);
          return { line: number, cells: [key, rest] };
        })
      : parseTable(path, text, delimiter);
  const audioAt = delimiter === '|' ? 0 : Math.max(0, tryCells(path, head[0].text, delimiter).findIndex(isAudioName));
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

/** `ID|text|normalised text` without a header, and the audio in `wavs/` beside it. */
export function isLJSpeech({ head }: ManifestFile): boolean {
  return /^[^|\s]+\|[^|]*(\|[^|]*)?$/.test(head[0].text);
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
  const forms = ['wavs', 'wav', 'audio', '.'].flatMap((part) =>
    ['.wav', '.flac', '.mp3', '.ogg'].map((end) => (name: string) => `${part}/${name}${end}`),
  );
  const [usual] = forms;
  const found = forms.find((form) => findFile([`${folder}/${form(id)}`]) !== undefined);
  return found ?? usual ?? ((name) => name);
}

function tryCells(file: string, line: string, delimiter: Delimiter | ' '): string[] {
  if (delimiter === ' ') return [splitKey(line).key];
  try {
    return parseTable(file, line, delimiter)[0]?.cells.map((cell) => cell.trim()) ?? [];
  } catch (error) {
    if (error instanceof ManifestError) return [];
    throw error;
  }
}

/** A TSV cell that a spreadsheet put into quotes. */
function unquote(cell: string): string {
  return cell.length > 1 && cell.startsWith('"') && cell.endsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}
