/** Arguments of the command Prune Model when a program or keybinding calls it. */

import * as v from 'valibot';
import { deviceChoices, granularities, methods } from '../../protocol/settings.ts';

const share = 'it must be a share from 0 to below 1';

const pruneArguments = v.strictObject({
  model: v.optional(v.string()),
  train: v.optional(v.string()),
  dev: v.optional(v.nullable(v.string())),
  method: v.optional(v.picklist(methods)),
  /** Only for the method self-pinching. */
  granularity: v.optional(v.picklist(granularities)),
  /** Fraction of the gated weights. */
  target: v.optional(v.pipe(v.number(), v.minValue(0, share), v.ltValue(1, share))),
  device: v.optional(v.picklist(deviceChoices)),
  /** Further settings, as in run.json. */
  settings: v.optional(v.record(v.string(), v.unknown())),
  /** Shows the plan at once, for the user to start it or to go back to the questions. Needs a model and training data. */
  confirm: v.optional(v.boolean()),
  /** Starts the run without a question. */
  start: v.optional(v.boolean()),
});

export type PruneArguments = v.InferOutput<typeof pruneArguments>;

/** @throws Error that names the wrong argument. */
export function parsePruneArguments(given: unknown): PruneArguments {
  const result = v.safeParse(pruneArguments, given, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Error(`pinch.pruneModel: the argument "${v.getDotPath(issue) ?? ''}" is wrong: ${issue.message}.`);
}
