/** Reads the records of a JSON file: one object a line, an array of objects, or one object that holds objects by their id. */

import { linesOf } from './text.ts';
import { ManifestError, type Place, type Row } from './utterance.ts';

/** How the records stand in the file: on lines, in an array, or by id in one object. */
export type JsonForm = 'lines' | 'array' | 'dictionary';

/** @throws ManifestError naming the line or the entry that is not an object, or that is not JSON. */
export function readJsonRecords(
  file: string,
  text: string,
): { readonly form: JsonForm; readonly rows: readonly Row[] } {
  const [first] = linesOf(text);
  const alone = tryParse(first?.text ?? '');
  // One object on the first line is the first of many, unless it is the only one and holds the others.
  if (isObject(alone) && (linesOf(text).length > 1 || !(isDictionary(alone) || listIn(alone)))) {
    return { form: 'lines', rows: readLines(file, text) };
  }
  const whole = alone ?? tryParse(text);
  if (Array.isArray(whole)) {
    return { form: 'array', rows: whole.map((value, i) => toRow(file, `entry ${i + 1}`, value)) };
  }
  if (isObject(whole)) return { form: 'dictionary', rows: readDictionary(file, whole) };
  if (/^\s*\[/.test(text)) throw new ManifestError(file, undefined, 'this JSON array is broken or cut off');
  throw new ManifestError(file, first?.number ?? 1, 'this line is not JSON');
}

function readLines(file: string, text: string): Row[] {
  return linesOf(text).map((line) => {
    const value = tryParse(line.text);
    if (value === undefined) throw new ManifestError(file, line.number, 'this line is not JSON');
    return toRow(file, line.number, value);
  });
}

/** Objects by id, or an array of objects under a name. */
function readDictionary(file: string, whole: Readonly<Record<string, unknown>>): Row[] {
  const list = listIn(whole);
  if (list) return list.map((value, i) => toRow(file, `entry ${i + 1}`, value));
  // One record, written over several lines.
  if (!isDictionary(whole) && Object.keys(whole).length > 0) return [toRow(file, 'entry 1', whole)];
  return Object.entries(whole).map(([id, value]) => {
    const { place, fields } = toRow(file, `entry ${JSON.stringify(id)}`, value);
    return { place, fields: new Map([['id', id], ...fields]) };
  });
}

function toRow(file: string, place: Place, value: unknown): Row {
  if (!isObject(value)) {
    const what = typeof place === 'number' ? 'this line' : 'it';
    throw new ManifestError(file, place, `${what} is not a JSON object like {"audio_filepath": …, "text": …}`);
  }
  return { place, fields: new Map(Object.entries(value)) };
}

/** What people call the list of all there is. */
const listNames = ['data', 'utterances', 'samples', 'examples', 'items', 'entries'];

function listIn(value: Readonly<Record<string, unknown>>): readonly unknown[] | undefined {
  const list = listNames.map((name) => value[name]).find((found) => Array.isArray(found));
  return list as readonly unknown[] | undefined;
}

function isDictionary(value: Readonly<Record<string, unknown>>): boolean {
  const values = Object.values(value);
  return values.length > 0 && values.every(isObject);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
