/** Tells by its first line what separates the columns of a table. */

import { isAudioName } from './audioNames.ts';
import { audioFields, textFields } from './fields.ts';
import { splitKey } from './lines.ts';

/** What separates columns, the least likely to stand in a text first. */
export const delimiters = ['\t', '|', ';', ','] as const;
export type Delimiter = (typeof delimiters)[number];

/** What separates the columns of a table whose header names an audio file and a text; undefined if there is no such header. */
export function headerDelimiter(first: string): Delimiter | undefined {
  return delimiters.find((delimiter) => {
    const names = first.includes(delimiter) ? cellsOf(first, delimiter) : [];
    return [audioFields, textFields].every((fields) => fields.some((field) => names.includes(field)));
  });
}

/** What separates the two columns of a table without a header, one of which holds names of audio files; undefined for any other text. */
export function headerlessDelimiter(first: string): Delimiter | ' ' | undefined {
  const found = delimiters.find((delimiter) => {
    if (!first.includes(delimiter)) return false;
    const cells = cellsOf(first, delimiter);
    return delimiter === '|' ? isAudioName(cells[0] ?? '') : cells.length === 2 && cells.some(isAudioName);
  });
  return found ?? (isAudioName(splitKey(first).key) ? ' ' : undefined);
}

/** `ID|text|normalised text` without a header. */
export function isLJSpeechLine(first: string): boolean {
  return /^[^|\s]+\|[^|]*(\|[^|]*)?$/.test(first);
}

/** Where LJSpeech's recording of an id may lie below the folder of the table, the usual place first. */
export function ljSpeechPlaces(id: string): string[] {
  const ends = ['.wav', '.flac', '.mp3', '.ogg'];
  return ['wavs', 'wav', 'audio', '.'].flatMap((part) => ends.map((end) => `${part}/${id}${end}`));
}

/** The trimmed cells of one line; none if its quotes are not closed, or stand inside a cell. */
export function cellsOf(line: string, delimiter: Delimiter): string[] {
  if (delimiter === '\t') return line.split('\t').map((cell) => unquote(cell).trim());
  if (delimiter === '|') return line.split('|').map((cell) => cell.trim());
  const cells: string[] = [];
  // One cell, in quotes or without any, and what ends it.
  const cell = new RegExp(`(?:"((?:[^"]|"")*)"|([^"${delimiter}]*))(${delimiter}|$)`, 'y');
  while (cell.lastIndex <= line.length) {
    const found = cell.exec(line);
    if (!found) return [];
    cells.push((found[1]?.replaceAll('""', '"') ?? found[2] ?? '').trim());
    if (found[3] === '') return cells;
  }
  return cells;
}

/** A TSV cell that a spreadsheet put into quotes. */
export function unquote(cell: string): string {
  return cell.length > 1 && cell.startsWith('"') && cell.endsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}
