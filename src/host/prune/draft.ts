/** The choices of Prune Model while they are being made. */

import type { PruneChoices, Suggested } from './config.ts';

/** What has been chosen so far; `dev` is undefined until it was asked for. */
export type Draft = Partial<PruneChoices> & Suggested;

/** @throws Error if something was not chosen. */
export function complete({ model, train, dev = null, ...suggested }: Draft): PruneChoices {
  if (model === undefined || train === undefined) throw new Error('Choose a model and training data first.');
  return { model, train, dev, ...suggested };
}
