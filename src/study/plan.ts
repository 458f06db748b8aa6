/** The tasks of a study: one for each run, and one for each model as given. */

import { completeSettings, SettingsError, type RunSettings } from '../protocol/settings.ts';
import {
  sparsitiesOf,
  steeringSet,
  StudyFileError,
  type Study,
  type StudyMethod,
  type StudyModel,
} from './file/studyFile.ts';

export interface RunTask {
  readonly kind: 'run';
  /** `self-pinching-75-seed-0`, after the model's name where there are several; also the name of its folder. */
  readonly name: string;
  /** The name of its model. */
  readonly model: string;
  readonly method: RunSettings['method'];
  /** Null for the dense model, which is trained alike but not pruned. */
  readonly target: number | null;
  readonly seed: number;
  readonly settings: RunSettings;
}

/** A model as given, which is only evaluated. */
export interface ModelTask {
  readonly kind: 'model';
  /** `model`, after the model's name where there are several. */
  readonly name: string;
  readonly model: string;
  /** What is done to the references, as in the runs that it is compared with. */
  readonly text?: RunSettings['text'] | undefined;
}

export type Task = RunTask | ModelTask;

/**
 * Model by model: the given one first, then the dense one with each seed, with which all others are compared, then method by method.
 * @throws StudyFileError naming the invalid setting.
 */
export function planStudy(study: Study): Task[] {
  return study.models.flatMap((model) => planModel(study, model));
}

function planModel(study: Study, model: StudyModel): Task[] {
  const pruned = study.methods.filter(({ method }) => method !== 'none');
  const dense = study.methods.find(({ method }) => method === 'none');
  const seeds = new Set((pruned.length > 0 ? pruned : study.methods).flatMap(({ seeds }) => seeds));
  const tasks: RunTask[] = [];
  const run = (entry: Entry, target: number | null, seed: number): void =>
    void tasks.push(planRun(study, model, entry, target, seed));
  for (const seed of seeds) run(dense ?? { method: 'none', settings: {} }, null, seed);
  for (const entry of pruned) {
    for (const target of sparsitiesOf(study, model, entry)) for (const seed of entry.seeds) run(entry, target, seed);
  }
  return [{ kind: 'model', name: `${model.prefix}model`, model: model.name, text: tasks[0]?.settings.text }, ...tasks];
}

type Entry = Pick<StudyMethod, 'method' | 'settings'>;

function planRun(study: Study, model: StudyModel, entry: Entry, target: number | null, seed: number): RunTask {
  const { method, settings } = entry;
  for (const given of [study.settings, model.settings, settings]) refuseWhatTheStudySays(study, given);
  const percent = target === null ? '' : `-${Number((100 * target).toFixed(6))}`;
  try {
    return {
      kind: 'run',
      name: `${model.prefix}${method}${percent}-seed-${seed}`,
      model: model.name,
      method,
      target,
      seed,
      settings: completeSettings(
        model.defaults,
        study.settings,
        model.settings,
        settings,
        { model: model.path, train: study.train, dev: steeringSet(study).manifest, method, seed },
        target === null ? {} : { sparsity: { target } },
      ),
    };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new StudyFileError(`${study.file}: "settings": ${error.message}`);
  }
}

/** Settings with a field of their own in the study file: a second value would be ambiguous. */
function refuseWhatTheStudySays({ file }: Study, settings: Readonly<Record<string, unknown>>): void {
  const { sparsity } = settings;
  const target = typeof sparsity === 'object' && sparsity !== null && 'target' in sparsity;
  const found = ['model', 'train', 'dev', 'method', 'seed'].find((key) => key in settings);
  const key = found ?? (target ? 'sparsity.target' : undefined);
  if (key !== undefined) {
    throw new StudyFileError(`${file}: "${key}" does not belong into "settings"; the study sets it for each run.`);
  }
}
