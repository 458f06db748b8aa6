/** The forms of JSON that hold records: one object a line, an array of objects, or one object that holds objects. */

import { linesOf } from './lines.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Where the records stand: on lines, in an array, by id in an object, or one record alone. */
export type JsonRecords =
  | { readonly form: 'lines' }
  | { readonly form: 'array'; readonly values: readonly unknown[] }
  | { readonly form: 'dictionary'; readonly byId: JsonObject }
  | { readonly form: 'one'; readonly value: JsonObject };

/**
 * The form that a text of JSON has; undefined if it is not JSON.
 * @param parse reads the whole text; undefined if it cannot. For the start of a file it is `parseStart`.
 */
export function jsonRecords(text: string, parse: (text: string) => unknown = parseJson): JsonRecords | undefined {
  const lines = linesOf(text);
  const alone = parseJson(lines[0]?.text ?? '');
  // One object on the first line is the first of many, unless it is the only one and holds the others.
  if (isObject(alone) && (lines.length > 1 || !(isDictionary(alone) || listIn(alone)))) return { form: 'lines' };
  const whole = alone ?? parse(text);
  if (Array.isArray(whole)) return { form: 'array', values: whole };
  if (!isObject(whole)) return undefined;
  const list = listIn(whole);
  if (list) return { form: 'array', values: list };
  // One record, written over several lines.
  if (!isDictionary(whole) && Object.keys(whole).length > 0) return { form: 'one', value: whole };
  return { form: 'dictionary', byId: whole };
}

/**
 * The first record at the start of a file, and whether each has a line of its own; undefined if there is none.
 * @param start at least the first record's fields, or all of the file.
 */
export function firstRecord(start: string): { readonly record: JsonObject; readonly onLines: boolean } | undefined {
  const [first, ...others] = linesOf(start);
  const records = jsonRecords(start, parseStart);
  if (records?.form === 'lines') return { record: parseJson(first?.text ?? '') as JsonObject, onLines: true };
  // On a single line, one record that does not end is the first of many.
  if (records?.form === 'one') return { record: records.value, onLines: others.length === 0 };
  const record = records?.form === 'array' ? records.values[0] : Object.values(records?.byId ?? {})[0];
  return isObject(record) ? { record, onLines: false } : undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The value whose text may be cut off anywhere: what is complete of it, up to the last comma or bracket. */
function parseStart(text: string): unknown {
  const open: string[] = [];
  let complete = { end: 0, closing: '' };
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const sign = text[i];
    if (quoted) {
      if (sign === '\\') i += 1;
      else if (sign === '"') quoted = false;
      continue;
    }
    if (sign === '"') quoted = true;
    else if (sign === '{' || sign === '[') open.push(sign === '{' ? '}' : ']');
    else if (sign === '}' || sign === ']') open.pop();
    else if (sign !== ',') continue;
    if (quoted) continue;
    complete = { end: sign === ',' ? i : i + 1, closing: open.toReversed().join('') };
    // Whatever stands behind the value is another one.
    if (open.length === 0) break;
  }
  return parseJson(text.slice(0, complete.end) + complete.closing);
}

/** What people call the list of all there is. */
const listNames = ['data', 'utterances', 'samples', 'examples', 'items', 'entries'];

function listIn(value: JsonObject): readonly unknown[] | undefined {
  const list = listNames.map((name) => value[name]).find((found) => Array.isArray(found));
  return list as readonly unknown[] | undefined;
}

function isDictionary(value: JsonObject): boolean {
  const values = Object.values(value);
  return values.length > 0 && values.every(isObject);
}
