/** The choices of Prune Model while the user makes them. */

import type { PruneChoices, Suggested } from './config.ts';

/** The choices so far; `dev` is undefined until it was asked for. */
export type Draft = Partial<PruneChoices> & Suggested;

/** @throws Error if a choice is missing. */
export function complete({ model, train, dev = null, ...suggested }: Draft): PruneChoices {
  if (model === undefined || train === undefined) throw new Error('Choose a model and training data first.');
  return { model, train, dev, ...suggested };
}
