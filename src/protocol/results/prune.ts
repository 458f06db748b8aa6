/** The output of `pinch prune` before and at the start of a run. */

import * as v from 'valibot';
import { startRecord } from '../records.ts';
import { amount, text, type Shape } from '../schema.ts';
import { runSettings } from '../settings.ts';

/** With `--dry-run`. */
export const dryRun = v.object({
  /** Complete, as in run.json. */
  settings: runSettings,
  /** The known part of the start line of metrics.jsonl. */
  start: v.omit(startRecord, ['time', 'attempt']),
  /** The same as text. */
  text,
  /** Why this machine cannot do the run, in a sentence; null if it can. */
  problem: v.nullable(text),
  /** Seconds that evaluating takes on each set that was asked for. */
  evaluationSeconds: v.optional(v.array(amount)),
});
export type DryRun = Shape<typeof dryRun>;

/** With `--detach`. */
export const detachedRun = v.object({
  /** The run folder. */
  run: text,
  /** The trainer's process. */
  pid: v.optional(v.number()),
});
