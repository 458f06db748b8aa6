/** Reads the small JSON files beside a model, checking what is in them as it is asked for. */

import { readFile, stat } from 'node:fs/promises';

/** Larger than any tokenizer, small enough to parse at once. */
const maxBytes = 128 * 2 ** 20;

/** A file beside a model that is missing something or makes no sense. The message names the file. */
export class ProcessorError extends Error {
  override readonly name = 'ProcessorError';
}

/** A JSON object from a file, its fields read by type. `null` counts as absent, as in Python's JSON files. */
export class JsonObject {
  readonly file: string;
  private readonly fields: ReadonlyMap<string, unknown>;

  constructor(file: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ProcessorError(`${file}: expected a JSON object`);
    }
    this.file = file;
    this.fields = new Map(Object.entries(value));
  }

  get entries(): readonly (readonly [string, unknown])[] {
    return [...this.fields];
  }

  get(name: string): unknown {
    return this.fields.get(name) ?? undefined;
  }

  string(name: string): string | undefined {
    return this.typed(name, 'text', (value) => (typeof value === 'string' ? value : undefined));
  }

  boolean(name: string): boolean | undefined {
    return this.typed(name, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  /** A whole number, not negative. */
  count(name: string): number | undefined {
    return this.typed(name, 'a whole number', (value) => (isCount(value) ? value : undefined));
  }

  number(name: string): number | undefined {
    return this.typed(name, 'a number', (value) =>
      typeof value === 'number' && Number.isFinite(value) ? value : undefined,
    );
  }

  counts(name: string): readonly number[] | undefined {
    return this.typed(name, 'a list of whole numbers', (value) =>
      Array.isArray(value) && value.every(isCount) ? value : undefined,
    );
  }

  object(name: string): JsonObject | undefined {
    const value = this.get(name);
    return value === undefined ? undefined : new JsonObject(`${this.file}: "${name}"`, value);
  }

  /** A token: its text, or an object that holds it as `content`, as newer files have it. */
  token(name: string): string | undefined {
    return this.typed(name, 'a token', tokenText);
  }

  private typed<T>(name: string, expected: string, read: (value: unknown) => T | undefined): T | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    const result = read(value);
    if (result === undefined) throw new ProcessorError(`${this.file}: "${name}" must be ${expected}`);
    return result;
  }
}

/** The file's object, or undefined if there is no such file. @throws ProcessorError if it is no JSON object. */
export async function readJson(file: string): Promise<JsonObject | undefined> {
  let text: string;
  try {
    const info = await stat(file);
    if (!info.isFile() || info.size > maxBytes) throw new ProcessorError(`${file}: this is not a JSON file of a model`);
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof ProcessorError) throw error;
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new ProcessorError(`${file}: this file cannot be read`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProcessorError(`${file}: this is not JSON`);
  }
  return new JsonObject(file, value);
}

/** A token written as text or as an object with `content`. */
export function tokenText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || !('content' in value)) return undefined;
  return typeof value.content === 'string' ? value.content : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
