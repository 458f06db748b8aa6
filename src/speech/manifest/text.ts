/** Reads the text files that manifests are made of. */

import { readFile, stat } from 'node:fs/promises';
import { ManifestError } from './utterance.ts';

/** Far beyond any manifest, and still within what one string can hold. */
const maxBytes = 256 * 2 ** 20;

export interface Line {
  readonly number: number;
  readonly text: string;
}

/** The file's text without a byte-order mark. @throws ManifestError if it is missing, too large or not UTF-8. */
export async function readText(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    const info = await stat(path);
    if (!info.isFile()) throw new ManifestError(path, undefined, 'this is not a file');
    if (info.size > maxBytes) {
      throw new ManifestError(path, undefined, `a manifest may have at most ${maxBytes / 2 ** 20} MB; is this audio?`);
    }
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof ManifestError) throw error;
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new ManifestError(path, undefined, missing ? 'no such file' : 'this file cannot be read');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ManifestError(path, undefined, 'this is not UTF-8 text; save the manifest as UTF-8');
  }
}

/** The lines that are not blank, with their numbers from 1. */
export function linesOf(text: string): Line[] {
  return text
    .split(/\r\n|\n|\r/)
    .map((line, i) => ({ number: i + 1, text: line }))
    .filter((line) => line.text.trim() !== '');
}

/** A line of the form "key the rest": the rest may be empty. */
export function splitKey(line: string): { readonly key: string; readonly rest: string } {
  const trimmed = line.trim();
  const space = trimmed.search(/\s/);
  return space < 0 ? { key: trimmed, rest: '' } : { key: trimmed.slice(0, space), rest: trimmed.slice(space).trim() };
}
