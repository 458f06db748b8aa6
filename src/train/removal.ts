/** Takes dead groups out of a model in training, which goes on with what is left of its state. */

import type { ShrinkRecord } from '../protocol/records.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { isGated } from '../state/parameter.ts';
import { countLeaving, presentlyLiving, weightsIn, withoutGroups, withoutLongDead } from '../state/layout.ts';
import type { Living } from '../state/groups.ts';
import type { ModelInTraining, Setup } from './setup.ts';

export interface GroupRemoval {
  readonly opened: ModelInTraining;
  /** What metrics.jsonl says of it. */
  readonly counts: Pick<ShrinkRecord, 'groups' | 'gatedParameters' | 'parameters'>;
}

/** While gates learn: removes the groups that have been dead for long, if they are many, and no more of them than the run is to prune. */
export async function removeLongDead(
  setup: Setup,
  opened: ModelInTraining,
  { shrink: { share, after }, sparsity: { target } }: Pick<RunSettings, 'shrink' | 'sparsity'>,
): Promise<GroupRemoval | undefined> {
  const { session, layout } = opened;
  if (share === 1 || session.mode !== 'learning') return undefined;
  const { parameters, removed } = layout;
  const all = weightsIn(parameters.filter(isGated)) + removed.gated;
  const updates = Math.max(1, Math.ceil(after * setup.steps));
  const room = target * all - removed.gated;
  const keep = withoutLongDead(parameters, session.latest, { share, after: updates, room });
  return keep && removeGroups(setup, opened, keep);
}

/** All groups that are dead, and so whole layers, if the model can do without them. */
export async function removeDead(setup: Setup, opened: ModelInTraining): Promise<GroupRemoval | undefined> {
  const { session, layout } = opened;
  if (!layout.parameters.some(({ groups }) => groups)) return undefined;
  const keep = new Map(presentlyLiving(layout.parameters, await session.readState(), session.mode));
  const emptied = [...keep].filter(([, kept]) => !kept.includes(1)).map(([gate]) => gate);
  for (const gate of setup.held(emptied)) keep.get(gate)?.fill(1, 0, 1);
  return [...keep.values()].some((kept) => kept.includes(0)) ? removeGroups(setup, opened, keep) : undefined;
}

async function removeGroups(setup: Setup, { session, layout }: ModelInTraining, keep: Living): Promise<GroupRemoval> {
  const state = withoutGroups(layout.parameters, await session.readState(), keep);
  const gates = session.mode;
  await session.dispose();
  const opened = setup.open(gates, state);
  const { parameters } = opened.layout;
  return {
    opened,
    counts: {
      groups: [...keep.values()].reduce((sum, kept) => sum + countLeaving(kept), 0),
      gatedParameters: weightsIn(parameters.filter(isGated)),
      parameters: weightsIn(parameters),
    },
  };
}
