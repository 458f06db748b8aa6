/** What `pinch prune` prints before and when it starts a run. */

import * as v from 'valibot';
import { startRecord } from '../records.ts';
import { text, type Shape } from '../schema.ts';
import { runSettings } from '../settings.ts';

/** With `--dry-run`. */
export const dryRun = v.object({
  /** Complete, as run.json would have them. */
  settings: runSettings,
  /** The start line of metrics.jsonl as far as it is known. */
  start: v.omit(startRecord, ['time', 'attempt']),
  /** The same for people. */
  text,
  /** Why the run cannot be had on this machine, in a sentence; null if it can. */
  problem: v.nullable(text),
});
export type DryRun = Shape<typeof dryRun>;

/** With `--detach`. */
export const detachedRun = v.object({
  /** The run folder. */
  run: text,
  /** The trainer's process. */
  pid: v.optional(v.number()),
});
