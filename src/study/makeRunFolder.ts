/** Creates the run folder of a task, or checks an existing one against the study file. */

import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { makeFolder } from '../base/makeFolder.ts';
import { runFileVersion, type RunFile } from '../protocol/records.ts';
import { settingsOf } from '../protocol/settings.ts';
import { runPaths } from '../runs/paths.ts';
import { readRun } from '../runs/state.ts';
import { createRunFolder } from '../runfolder/runFolder.ts';
import type { StudyPaths } from './paths.ts';
import type { RunTask } from './plan.ts';

/**
 * @returns the folder.
 * @throws Error if a run with other settings or data is there: its results would not belong to the study.
 */
export async function makeRunFolder(
  task: RunTask,
  paths: StudyPaths,
  inputs: Omit<RunFile, 'settings'>,
): Promise<string> {
  const folder = paths.run(task.name);
  await makeFolder(paths.runs);
  if (existsSync(runPaths(folder).run)) {
    await refuseOtherRun(folder, task, inputs);
    return folder;
  }
  await removeUnfinished(folder);
  await createRunFolder({ ...inputs, created: new Date().toISOString(), settings: { ...task.settings } }, '', folder);
  return folder;
}

/** @throws Error if the run in the folder has other settings or data than the task. */
export async function refuseOtherRun(folder: string, task: RunTask, inputs: Pick<RunFile, 'checksums'>): Promise<void> {
  const run = await readRun(folder);
  const advice = 'delete that folder to train it again, or give the study another folder';
  // Settings that an earlier form of run.json lacks were added after such a run. Where it names SpecAugment, it had no masked features.
  const key =
    firstDifference(withoutPlaces(run.settings), withoutPlaces({ ...task.settings }), run.version < runFileVersion) ??
    ('specAugment' in run.settings
      ? firstDifference({ specAugment: settingsOf(run).specAugment }, { specAugment: task.settings.specAugment }, false)
      : undefined);
  if (key !== undefined) throw new Error(`${folder}: it was trained with another "${key}"; ${advice}.`);
  const other = (['model', 'train', 'dev'] as const).find((name) => run.checksums[name] !== inputs.checksums[name]);
  if (other === undefined) return;
  const now = task.settings[other];
  const what =
    run.settings[other] === now
      ? `${now ?? other} has changed since it was started`
      : `it was trained with another "${other}"`;
  throw new Error(`${folder}: ${what}; ${advice}.`);
}

/** A study that was moved, or copied to another machine, has the same files elsewhere; their checksums say so. */
function withoutPlaces(settings: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...settings, model: '', train: '', dev: '' };
}

/** The dotted key of the first different setting. */
function firstDifference(before: unknown, now: unknown, onlyOld: boolean): string | undefined {
  if (isDeepStrictEqual(before, now)) return undefined;
  if (!isGroup(before) || !isGroup(now)) return '';
  for (const key of new Set([...Object.keys(before), ...(onlyOld ? [] : Object.keys(now))])) {
    const below = firstDifference(before[key], now[key], onlyOld);
    if (below !== undefined) return below === '' ? key : `${key}.${below}`;
  }
  return undefined;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A crash during the writing of run.json leaves its temporary file, with which the folder would look like a user's. */
async function removeUnfinished(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((name) => /^\.run\.json\.[0-9a-f]+\.tmp$/u.test(name))) {
    await rm(join(folder, name), { force: true });
  }
}
