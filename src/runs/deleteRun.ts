/** Deletes a run. */

import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../base/errors.ts';
import { runPaths } from './paths.ts';
import { liveness, readRun, readState, RunFolderError } from './state.ts';

/**
 * Deletes Pinch's files in a run folder, and the folder unless it holds other files.
 * @throws RunFolderError if the folder is not a run's, if the run is live, or if the system does not permit it.
 */
export async function deleteRun(folder: string): Promise<void> {
  const { created } = await readRun(folder);
  // No live trainer has an unreadable state.
  const state = await readState(folder).catch(() => undefined);
  if ((await liveness(state, created)) === 'live') {
    throw new RunFolderError(`${folder}: the run is still going. Stop it first.`);
  }
  try {
    for (const name of (await readdir(folder)).filter(isOurs)) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
    // run.json goes last: an interrupted deletion leaves a run that can be deleted again.
    await rm(runPaths(folder).run);
    await rmdir(folder).catch(leaveIfNotEmpty);
  } catch (error) {
    throw new RunFolderError(`${folder}: the run cannot be deleted: ${reasonOf(error)}.`);
  }
}

function isOurs(name: string): boolean {
  const known = ['state.json', 'metrics.jsonl', 'layers.f32', 'trainer.log', 'checkpoints', 'claims', 'label.json'];
  // Files being replaced have a temporary name, and a crash may leave one.
  return known.includes(name) || /^\.(run|state|label)\.json\.[0-9a-f]+\.tmp$/u.test(name);
}

function leaveIfNotEmpty(error: unknown): void {
  // POSIX permits either error code.
  if (!['ENOTEMPTY', 'EEXIST'].includes(String((error as NodeJS.ErrnoException).code))) throw error as Error;
}
