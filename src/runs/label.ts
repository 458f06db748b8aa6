/** What people have written on a run: another name, a note, and whether it is put away. Kept in the run folder, so that it moves with it. */

import * as v from 'valibot';
import { writeAtomically } from '../base/atomicFile.ts';
import { reasonOf } from '../base/errors.ts';
import { readSmallFile } from '../base/smallFile.ts';
import { runPaths } from './paths.ts';
import { RunFolderError } from './state.ts';

/** Characters of a line. */
export const [longestName, longestNote] = [100, 500];

const line = (most: number) => v.optional(v.pipe(v.string(), v.maxLength(most), v.regex(/^[^\p{Cc}]*$/u)), '');

const runLabel = v.object({
  /** Empty: the folder's name. */
  name: line(longestName),
  note: line(longestNote),
  archived: v.optional(v.boolean(), false),
});
export type RunLabel = Readonly<v.InferOutput<typeof runLabel>>;

export const noLabel: RunLabel = { name: '', note: '', archived: false };

const largestFile = 1 << 16;

/** `noLabel` if there is none, or one that Pinch did not write: a label is never a reason not to show a run. */
export async function readLabel(folder: string): Promise<RunLabel> {
  try {
    return v.parse(runLabel, JSON.parse(await readSmallFile(runPaths(folder).label, largestFile)));
  } catch {
    return noLabel;
  }
}

/**
 * Changes some of a run's label.
 * @throws RunFolderError if it is too long or has control characters, or cannot be written.
 */
export async function changeLabel(folder: string, change: Partial<RunLabel>): Promise<RunLabel> {
  const { label: path } = runPaths(folder);
  const result = v.safeParse(runLabel, { ...(await readLabel(folder)), ...change });
  if (!result.success) {
    const most = `a name has at most ${longestName} characters, a note ${longestNote}, on one line`;
    throw new RunFolderError(`${path}: this cannot be written on a run: ${most}.`);
  }
  try {
    await writeAtomically(path, [new TextEncoder().encode(`${JSON.stringify(result.output)}\n`)]);
  } catch (error) {
    throw new RunFolderError(`${path}: it cannot be written: ${reasonOf(error)}.`);
  }
  return result.output;
}
