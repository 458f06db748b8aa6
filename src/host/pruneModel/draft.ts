/** The choices of Prune Model while they are being made. */

import type { PruneChoices } from './config.ts';

/** What has been chosen so far; `dev` is undefined until it was asked for. */
export type Draft = Partial<PruneChoices> & Pick<PruneChoices, 'method' | 'target' | 'device'>;

/** @throws Error if something was not chosen. */
export function complete({ model, train, dev = null, method, target, device }: Draft): PruneChoices {
  if (model === undefined || train === undefined) throw new Error('Choose a model and training data first.');
  return { model, train, dev, method, target, device };
}
