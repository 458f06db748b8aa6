/** What the page knows: the host's state, kept up to date by its messages. */

import type { EvaluationState } from '../../src/protocol/views/evaluation.ts';

/** Every key of the state; what has not been told yet is null. */
export type Known = { readonly [Key in keyof EvaluationState]-?: Exclude<EvaluationState[Key], undefined> | null };

export const nothingKnown: Known = {
  subject: null,
  model: null,
  shown: null,
  original: null,
  busy: null,
  problem: null,
};

/** Absent is unchanged, null is cleared. */
export function merge(known: Known, state: EvaluationState): Known {
  const told = Object.entries(state).filter(([, value]) => value !== undefined);
  return { ...known, ...Object.fromEntries(told) };
}
