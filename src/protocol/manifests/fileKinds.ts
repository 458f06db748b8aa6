/** The kinds of manifests in one file, recognised by their start: the one table of what is read, for the engine and the editor. */

import { audioFields, textFields } from './fields.ts';
import type { JsonObject } from './json.ts';
import { headerDelimiter, headerlessDelimiter, isLJSpeechLine } from './tables.ts';

export interface FileStart {
  /** The first two lines that are not blank; empty where there are not so many. */
  readonly head: readonly [string, string];
  /** The first record, if the file starts like JSON; empty if it is an object and no record is there. */
  readonly record?: JsonObject | undefined;
}

/** The first that recognises a file reads it. A new kind is one more line here and one in the engine's `readers.ts`. */
const table = {
  'Lhotse cuts': ({ record }) =>
    record !== undefined &&
    ('supervisions' in record || /^(Mono|Multi|Mixed|Padding)Cut$/.test(String(record['type']))),
  'Lhotse recordings': ({ record }) =>
    record !== undefined && Array.isArray(record['sources']) && 'sampling_rate' in record,
  'Lhotse supervisions': ({ record }) =>
    record !== undefined && ['recording_id', 'start', 'duration'].every((name) => name in record),
  'JSON of NeMo, WeNet, SpeechBrain or Hugging Face': ({ record }) =>
    record !== undefined && [audioFields, textFields].every((names) => names.some((name) => name in record)),
  // Says which fields are missing.
  'other JSON': ({ record }) => record !== undefined,
  // A line with a folder, then lines with a path below it and a number of samples.
  fairseq: ({ head: [first, second] }) => !first.includes('\t') && /^[^\t]+\t\d+\s*$/.test(second),
  'table with a header': ({ head: [first] }) => headerDelimiter(first) !== undefined,
  'table without a header': ({ head: [first] }) => headerlessDelimiter(first) !== undefined,
  LJSpeech: ({ head: [first] }) => isLJSpeechLine(first),
  // Says which columns are missing.
  'other text': () => true,
} as const satisfies Readonly<Record<string, (start: FileStart) => boolean>>;

export type FileKind = keyof typeof table;

const kinds = Object.entries(table) as readonly [FileKind, (start: FileStart) => boolean][];

export function fileKind(start: FileStart): FileKind {
  return kinds.find(([, recognises]) => recognises(start))?.[0] ?? 'other text';
}
