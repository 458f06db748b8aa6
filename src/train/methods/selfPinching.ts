/** Self-pinching gates: thresholds learn with the weights towards a rising target, then the masks are frozen. */

import { percent } from '../../base/format.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { initialState } from '../../state/initialState.ts';
import { freezeStep, sparsityTarget } from '../schedule.ts';
import { freezeMasks } from '../freezeMasks.ts';
import type { Method } from './method.ts';

export function selfPinching({ gates, sparsity }: Pick<RunSettings, 'gates' | 'sparsity'>): Method {
  return {
    begins: 'learning',
    begin: (parameters, weights) => initialState(parameters, weights, gates.start),
    target: (step, steps) => sparsityTarget(sparsity, step, steps),
    freezing: {
      from: (steps) => freezeStep(sparsity, steps),
      freeze: ({ parameters, removed }, state) => freezeMasks(parameters, state, sparsity.target, removed.gated),
      sentence: `The masks are frozen at a sparsity of ${percent(sparsity.target, 2)}; the surviving weights go on training.`,
    },
  };
}
