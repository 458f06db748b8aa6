/** A study file: the methods, sparsities and seeds to train, the data, and the settings. */

import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import * as v from 'valibot';
import { reasonOf } from '../base/errors.ts';
import { methods } from '../protocol/settings.ts';

/** A study file that cannot be used. The message is one sentence that names it. */
export class StudyFileError extends Error {
  override readonly name = 'StudyFileError';
}

const path = v.pipe(v.string('must be a path'), v.minLength(1, 'must be a path'));

const method = v.picklist(methods, `must be ${methods.map((name) => `"${name}"`).join(' or ')}`);

const sparsityText = 'must be a number above 0 and below 1';
const sparsities = v.pipe(
  v.array(
    v.pipe(v.number(sparsityText), v.gtValue(0, sparsityText), v.ltValue(1, sparsityText)),
    'must be a list of numbers',
  ),
  v.check((list) => new Set(list).size === list.length, 'must not have a number twice'),
);

const seedText = 'must be a whole number from 0 on';
const seeds = v.pipe(
  v.array(v.pipe(v.number(seedText), v.safeInteger(seedText), v.minValue(0, seedText)), 'must be a list of numbers'),
  v.minLength(1, 'must have a number'),
  v.check((list) => new Set(list).size === list.length, 'must not have a number twice'),
);

/** As in run.json, all optional; checked when the runs are planned. */
const settings = v.record(v.string(), v.unknown(), 'must be an object');

/** A method by its name, or with its own settings. */
const methodEntry = v.union(
  [
    method,
    v.strictObject(
      { method, sparsities: v.optional(sparsities), seeds: v.optional(seeds), settings: v.optional(settings, {}) },
      'must be an object',
    ),
  ],
  `must be a method (${methods.join(', ')}), or an object with "method" and its own "sparsities", "seeds" or "settings"`,
);

const countText = (least: number) => `must be a whole number from ${least} to 10000`;
const count = (least: number) =>
  v.pipe(
    v.number(countText(least)),
    v.integer(countText(least)),
    v.minValue(least, countText(least)),
    v.maxValue(10_000, countText(least)),
  );

const optional = <T extends v.GenericSchema<unknown, unknown>>(schema: T) => v.optional(v.nullable(schema), null);
const pattern = (form: RegExp, message: string) => v.pipe(v.string(message), v.regex(form, message));

const slurm = v.strictObject(
  {
    partition: optional(pattern(/^[\w.,-]+$/u, 'must be the name of a partition')),
    /** As in Slurm's `--gres=gpu:`: a number, or a type and a number. */
    gpus: optional(v.union([count(0), pattern(/^[\w.-]+:\d+$/u, '')], 'must be a number, or a type and a number')),
    /** As in Slurm's `--time`. */
    time: optional(pattern(/^[\d:-]+$/u, 'must be a time as Slurm writes it, such as "12:00:00"')),
    /** As in Slurm's `--mem`. */
    memory: optional(pattern(/^\d+[KMGT]?$/u, 'must be an amount as Slurm writes it, such as "8G"')),
    /** Any other flags, such as `--account=speech`. */
    options: v.optional(
      v.array(pattern(/^--[a-z][a-z-]*(?:=\S+)?$/u, 'must be an option such as "--account=speech"'), 'must be a list'),
      [],
    ),
  },
  'must be an object',
);

const schema = v.strictObject(
  {
    model: path,
    train: path,
    dev: path,
    test: path,
    methods: v.pipe(v.array(methodEntry, 'must be a list'), v.minLength(1, 'must have a method')),
    sparsities: v.optional(sparsities, []),
    seeds: v.optional(seeds, [0]),
    settings: v.optional(settings, {}),
    /** Runs at once; null for as many as the machine allows. */
    together: optional(count(1)),
    /** Threads of each run; null for its part of the processors. */
    threads: optional(count(1)),
    slurm: v.optional(slurm, {}),
  },
  'must be an object',
);

export type SlurmSettings = v.InferOutput<typeof slurm>;

/** A method's own settings over the common ones. */
export interface StudyMethod {
  readonly method: (typeof methods)[number];
  readonly sparsities: readonly number[];
  readonly seeds: readonly number[];
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface Study {
  /** Absolute path of the file. */
  readonly file: string;
  readonly name: string;
  /** Absolute paths. */
  readonly model: string;
  readonly train: string;
  readonly dev: string;
  readonly test: string;
  /** Each once; `none` only if the file has settings for it. */
  readonly methods: readonly StudyMethod[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly together: number | null;
  readonly threads: number | null;
  readonly slurm: SlurmSettings;
}

/** Paths in the file are relative to its folder. @throws StudyFileError */
export async function readStudyFile(file: string): Promise<Study> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new StudyFileError(`${file}: the study cannot be read: ${reasonOf(error)}.`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new StudyFileError(`${file}: this is not JSON: ${(error as Error).message}.`);
  }
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (!result.success) throw new StudyFileError(`${file}: ${sentence(result.issues[0])}`);
  return complete(file, result.output);
}

function complete(file: string, given: v.InferOutput<typeof schema>): Study {
  const absolute = resolve(file);
  const from = (path: string): string => resolve(dirname(absolute), path);
  const entries = given.methods.map((entry) => (typeof entry === 'string' ? { method: entry, settings: {} } : entry));
  const names = entries.map(({ method }) => method);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice !== undefined) throw new StudyFileError(`${file}: the method "${twice}" is listed twice.`);
  return {
    file: absolute,
    name: basename(absolute, extname(absolute)),
    model: from(given.model),
    train: from(given.train),
    dev: from(given.dev),
    test: from(given.test),
    methods: entries.map(({ method, settings, ...own }) => {
      const sparsities = own.sparsities ?? given.sparsities;
      if (sparsities.length === 0 && method !== 'none') {
        throw new StudyFileError(`${file}: "sparsities" is missing, the shares of the gated weights to prune.`);
      }
      return { method, sparsities, seeds: own.seeds ?? given.seeds, settings };
    }),
    settings: given.settings,
    together: given.together,
    threads: given.threads,
    slurm: given.slurm,
  };
}

function sentence(issue: v.BaseIssue<unknown>): string {
  const key = v.getDotPath(issue);
  if (key === null) return `a study ${issue.message}.`;
  if (issue.type === 'strict_object' && issue.expected === 'never') return `a study has no "${key}".`;
  if (issue.received === 'undefined') return `"${key}" is missing.`;
  return `"${key}" ${issue.message}; it is ${shown(issue.input)}.`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
