/** A manifest of text as its readers see it: the text, and the records in it if it is JSON. */

import { dirname } from 'node:path';
import { linesOf, type Line } from '../../protocol/manifests/lines.ts';
import { readJsonRecords } from './jsonRecords.ts';
import { readText } from './text.ts';
import { ManifestError, type Row } from './utterance.ts';

export interface ManifestFile {
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** The first two lines that are not blank; the second is empty if there is none. */
  readonly head: readonly [Line, Line];
  /** The records, if it is JSON. */
  readonly rows?: readonly Row[];
}

/** @throws ManifestError if it is missing, empty, not text, or starts like JSON and is not JSON. */
export async function openManifest(path: string): Promise<ManifestFile> {
  const text = await readText(path);
  const [first, second = { number: 2, text: '' }] = firstLines(text);
  if (!first) throw new ManifestError(path, undefined, 'this manifest is empty');
  const records = /^\s*[[{]/.test(text) ? { rows: readJsonRecords(path, text) } : {};
  return { path, folder: dirname(path), text, head: [first, second], ...records };
}

/** Not of the whole text: it may have millions of lines. */
function firstLines(text: string): Line[] {
  const lines = linesOf(text.slice(0, 2 ** 20));
  return lines.slice(0, 2);
}
