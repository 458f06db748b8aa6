/** Reads the small JSON files beside a model. Fields that are `null` count as absent, as in Python's files (`v.nullish`). */

import { readFile, stat } from 'node:fs/promises';
import * as v from 'valibot';

/** Larger than any tokenizer, small enough to parse at once. */
const maxBytes = 128 * 2 ** 20;

/** A file beside a model that is missing something or makes no sense. The message names the file. */
export class ProcessorError extends Error {
  override readonly name = 'ProcessorError';
}

const wholeNumber = 'must be a whole number';
export const count = v.pipe(v.number(wholeNumber), v.safeInteger(wholeNumber), v.minValue(0, wholeNumber));
export const counts = v.array(count, 'must be a list of whole numbers');
export const number = v.pipe(v.number('must be a number'), v.finite('must be a number'));
export const text = v.string('must be text');
export const yesOrNo = v.boolean('must be true or false');

/** With whatever fields: a schema of records would leave out a token that is called `constructor`. */
export const anyObject = v.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
);

/** With these fields and others. */
export const object = <const T extends v.ObjectEntries>(entries: T) =>
  v.pipe(anyObject, v.object(entries, 'must be there'));

/** What the file holds, or undefined if there is no such file. @throws ProcessorError that names the file and the field that is wrong. */
export async function readJson<S extends v.GenericSchema>(
  file: string,
  schema: S,
): Promise<v.InferOutput<S> | undefined> {
  let content: string;
  try {
    const info = await stat(file);
    if (!info.isFile() || info.size > maxBytes) throw new ProcessorError(`${file}: this is not a JSON file of a model`);
    content = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof ProcessorError) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new ProcessorError(`${file}: this file cannot be read`);
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    throw new ProcessorError(`${file}: this is not JSON`);
  }
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue);
  throw new ProcessorError(`${file}: ${field === null ? 'expected a JSON object' : `"${field}" ${issue.message}`}`);
}
