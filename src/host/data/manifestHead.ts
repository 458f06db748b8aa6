/** Recognises a manifest by its first kilobytes, with the engine's rules. */

import { audioFields, textFields } from '../../protocol/manifests/fields.ts';

export type TableKind = 'JSON lines' | 'CSV' | 'TSV';

/** Enough bytes to recognise a file. */
export const headBytes = 16_384;

/**
 * The kind of a manifest; undefined for any other file.
 * @param head the first `headBytes` of the file, or all of a shorter one.
 */
export function recogniseManifest(head: string): TableKind | undefined {
  const first = head
    .replace(/^\uFEFF/u, '')
    .split(/\r\n|\n|\r/u)
    .find((line) => line.trim() !== '');
  if (first === undefined) return undefined;
  if (first.trimStart().startsWith('{')) return hasFields(fieldsOfJson(first)) ? 'JSON lines' : undefined;
  const tabs = first.includes('\t');
  const cells = first.split(tabs ? '\t' : ',').map((cell) => cell.trim().replace(/^"(.*)"$/u, '$1'));
  return hasFields(new Set(cells)) ? (tabs ? 'TSV' : 'CSV') : undefined;
}

function hasFields(fields: ReadonlySet<string>): boolean {
  return [audioFields, textFields].every((names) => names.some((name) => fields.has(name)));
}

function fieldsOfJson(line: string): ReadonlySet<string> {
  try {
    return new Set(Object.keys(JSON.parse(line) as object));
  } catch {
    return new Set();
  }
}
