/** What a study file may say. */

import * as v from 'valibot';
import { methods } from '../../protocol/settings.ts';
import { name } from './names.ts';

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

/** A model by its path, or with its own name and settings. */
const modelEntry = v.union(
  [
    path,
    v.strictObject(
      { name: v.optional(name), path, sparsities: v.optional(sparsities), settings: v.optional(settings, {}) },
      'must be an object',
    ),
  ],
  'must be a path, or an object with "path" and its own "name", "sparsities" or "settings"; a name is letters, digits, ".", "_" and "-"',
);

const setsText =
  'must be a path, or an object of paths by names such as "test-clean", of letters, digits, ".", "_" and "-"';

/** One manifest, or several by the names that the report gives them. */
const sets = v.union(
  [
    path,
    v.pipe(
      v.record(name, path),
      v.check((list) => Object.keys(list).length > 0, setsText),
    ),
  ],
  setsText,
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

export const studySchema = v.strictObject(
  {
    /** One of the two. */
    model: v.optional(path),
    models: v.optional(v.pipe(v.array(modelEntry, 'must be a list of paths'), v.minLength(1, 'must have a model'))),
    train: path,
    /** The first set is evaluated during training. */
    dev: sets,
    test: sets,
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
export type StudyJson = v.InferOutput<typeof studySchema>;
export type SlurmSettings = v.InferOutput<typeof slurm>;
