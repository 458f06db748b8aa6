/** Remembers what Prune Model was last used with in this workspace, to offer it first. */

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

/** Undefined the first time, and if an older version remembered something else. */
export function remembered(memento: Memento): PruneChoices | undefined {
  const result = v.safeParse(schema, memento.get(key));
  return result.success ? result.output : undefined;
}

export async function remember(memento: Memento, choices: PruneChoices): Promise<void> {
  await memento.update(key, choices);
}
