/** The tasks of a study: one for each run, and one for the given model. */

import { completeSettings, SettingsError, type RunSettings } from '../protocol/settings.ts';
import { StudyFileError, type Study, type StudyMethod } from './studyFile.ts';

export interface RunTask {
  readonly kind: 'run';
  /** `self-pinching-75-seed-0`; also the name of its folder. */
  readonly name: string;
  readonly method: RunSettings['method'];
  /** Null for the dense model, which is trained alike but not pruned. */
  readonly target: number | null;
  readonly seed: number;
  readonly settings: RunSettings;
}

/** The given model, which is only evaluated. */
export interface ModelTask {
  readonly kind: 'model';
  readonly name: 'model';
}

export type Task = RunTask | ModelTask;

/**
 * The given model first, then the dense model with each seed, with which all others are compared, then method by method.
 * @throws StudyFileError naming the invalid setting.
 */
export function planStudy(study: Study): Task[] {
  const pruned = study.methods.filter(({ method }) => method !== 'none');
  const dense = study.methods.find(({ method }) => method === 'none');
  const seeds = new Set((pruned.length > 0 ? pruned : study.methods).flatMap(({ seeds }) => seeds));
  const tasks: Task[] = [{ kind: 'model', name: 'model' }];
  for (const seed of seeds) tasks.push(planRun(study, dense ?? { method: 'none', settings: {} }, null, seed));
  for (const entry of pruned) {
    for (const target of entry.sparsities) {
      for (const seed of entry.seeds) tasks.push(planRun(study, entry, target, seed));
    }
  }
  return tasks;
}

type Entry = Pick<StudyMethod, 'method' | 'settings'>;

function planRun(study: Study, { method, settings }: Entry, target: number | null, seed: number): RunTask {
  for (const given of [study.settings, settings]) refuseWhatTheStudySays(study, given);
  const percent = target === null ? '' : `-${Number((100 * target).toFixed(6))}`;
  try {
    return {
      kind: 'run',
      name: `${method}${percent}-seed-${seed}`,
      method,
      target,
      seed,
      settings: completeSettings(
        study.settings,
        settings,
        { model: study.model, train: study.train, dev: study.dev, method, seed },
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
