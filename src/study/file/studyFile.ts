/** A study file: the models, methods, sparsities and seeds to train, the data, and the settings. */

import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import * as v from 'valibot';
import { reasonOf } from '../../base/errors.ts';
import type { methods, SettingsInput } from '../../protocol/settings.ts';
import { modelName } from '../../onnx/folder/folderName.ts';
import { twiceIn } from './names.ts';
import { studySchema, type SlurmSettings, type StudyJson } from './schema.ts';

/** A study file that cannot be used. The message is one sentence that names it. */
export class StudyFileError extends Error {
  override readonly name = 'StudyFileError';
}

export interface StudyModel {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** What the names of its runs begin with: nothing if the study has a single `model`. */
  readonly prefix: string;
  /** The sparsities of methods that have none of their own; null for the study's. */
  readonly sparsities: readonly number[] | null;
  /** Over the study's settings. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Under the study's settings. */
  readonly defaults: SettingsInput;
}

/** Transcribed speech that every model is evaluated on. */
export interface StudySet {
  readonly name: string;
  readonly kind: 'dev' | 'test';
  /** Absolute path. */
  readonly manifest: string;
}

/** A method's own settings over the common ones. */
export interface StudyMethod {
  readonly method: (typeof methods)[number];
  /** Null for those of the model or the study. */
  readonly sparsities: readonly number[] | null;
  readonly seeds: readonly number[];
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface Study {
  /** Absolute path of the file. */
  readonly file: string;
  readonly name: string;
  readonly models: readonly StudyModel[];
  /** Absolute path. */
  readonly train: string;
  /** Development sets first, of which the first is evaluated during training. */
  readonly sets: readonly StudySet[];
  /** Each once; `none` only if the file has settings for it. */
  readonly methods: readonly StudyMethod[];
  readonly sparsities: readonly number[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly together: number | null;
  readonly threads: number | null;
  readonly slurm: SlurmSettings;
}

/** The development set that is evaluated during training. */
export function steeringSet({ sets }: Pick<Study, 'sets'>): StudySet {
  const [first] = sets;
  if (first?.kind !== 'dev') throw new RangeError('A study has a development set.');
  return first;
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
  const result = v.safeParse(studySchema, json, { abortEarly: true });
  if (!result.success) throw new StudyFileError(`${file}: ${sentence(result.issues[0])}`);
  return complete(file, result.output);
}

function complete(file: string, given: StudyJson): Study {
  const absolute = resolve(file);
  const from = (path: string): string => resolve(dirname(absolute), path);
  const entries = given.methods.map((entry) => (typeof entry === 'string' ? { method: entry, settings: {} } : entry));
  const twice = twiceIn(entries.map(({ method }) => method));
  if (twice !== undefined) throw new StudyFileError(`${file}: the method "${twice}" is listed twice.`);
  const study: Study = {
    file: absolute,
    name: basename(absolute, extname(absolute)),
    models: modelsOf(file, given, from),
    train: from(given.train),
    sets: [...setsOf('dev', given.dev, from), ...setsOf('test', given.test, from)],
    methods: entries.map(({ method, settings, sparsities, seeds }) => ({
      method,
      sparsities: sparsities ?? null,
      seeds: seeds ?? given.seeds,
      settings,
    })),
    sparsities: given.sparsities,
    settings: given.settings,
    together: given.together,
    threads: given.threads,
    slurm: given.slurm,
  };
  const same = twiceIn(study.sets.map(({ name }) => name));
  if (same !== undefined) throw new StudyFileError(`${file}: two sets of "dev" and "test" are called "${same}".`);
  for (const model of study.models) {
    if (study.methods.some((entry) => entry.method !== 'none' && sparsitiesOf(study, model, entry).length === 0)) {
      throw new StudyFileError(`${file}: "sparsities" is missing, the shares of the gated weights to prune.`);
    }
  }
  return study;
}

/** The sparsities to prune a model to: the method's own, else the model's, else the study's. */
export function sparsitiesOf(study: Study, model: StudyModel, { sparsities }: StudyMethod): readonly number[] {
  return sparsities ?? model.sparsities ?? study.sparsities;
}

function modelsOf(file: string, { model, models }: StudyJson, from: (path: string) => string): StudyModel[] {
  if (models === undefined) {
    if (model === undefined) throw new StudyFileError(`${file}: "model" is missing.`);
    return [
      { name: modelName(from(model)), path: from(model), prefix: '', sparsities: null, settings: {}, defaults: {} },
    ];
  }
  if (model !== undefined) throw new StudyFileError(`${file}: give either "model" or "models".`);
  const entries = models.map((entry) => (typeof entry === 'string' ? { path: entry, settings: {} } : entry));
  const named = entries.map(({ name, path, sparsities, settings }) => {
    const own = name ?? modelName(from(path));
    return { name: own, path: from(path), prefix: `${own}-`, sparsities: sparsities ?? null, settings, defaults: {} };
  });
  const twice = twiceIn(named.map(({ name }) => name));
  if (twice === undefined) return named;
  throw new StudyFileError(
    `${file}: two models are called "${twice}"; give each a name, as in { "name": "${twice}-2", "path": "…" }.`,
  );
}

function setsOf(
  kind: StudySet['kind'],
  given: string | Readonly<Record<string, string>>,
  from: (path: string) => string,
): StudySet[] {
  const named = typeof given === 'string' ? { [kind]: given } : given;
  return Object.entries(named).map(([name, path]) => ({ name, kind, manifest: from(path) }));
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
