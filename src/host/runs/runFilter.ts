/** Which runs the Runs view lists. */

import { describeRun } from '../../runs/describe.ts';
import type { RunEntry } from './runStore.ts';

export interface RunFilter {
  /** Words that must all be in the name, the note, the model, the study or the state. */
  readonly text: string;
  /** Whether archived runs are listed, too. */
  readonly archived: boolean;
}

export const allRuns: RunFilter = { text: '', archived: false };

/** A live run is never hidden as archived. */
export function isListed(run: RunEntry, { text, archived }: RunFilter): boolean {
  if (run.label.archived && !archived && run.life !== 'live') return false;
  const about = [run.name, run.folder, run.model, run.label.note, describeRun(run)].join('\n').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/u)
    .every((word) => about.includes(word));
}
