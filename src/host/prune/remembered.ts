/** Remembers the last choices of Prune Model in this workspace, to offer them first. */

import * as v from 'valibot';
import type { Memento } from 'vscode';
import { deviceChoices, granularities, methods } from '../../protocol/settings.ts';
import type { PruneChoices } from './config.ts';

const key = 'pinch.pruneChoices';

const schema = v.object({
  model: v.string(),
  train: v.string(),
  dev: v.nullable(v.string()),
  method: v.picklist(methods),
  granularity: v.picklist(granularities),
  target: v.number(),
  device: v.picklist(deviceChoices),
});

/** Undefined the first time, and for data that an older version stored. */
export function remembered(memento: Memento): PruneChoices | undefined {
  const result = v.safeParse(schema, memento.get(key));
  return result.success ? result.output : undefined;
}

export async function remember(memento: Memento, choices: PruneChoices): Promise<void> {
  await memento.update(key, choices);
}
