/** Self-pinching gates: thresholds learn with the weights towards a rising target, then rest. */

import { percent } from '../../base/format.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { initialState } from '../../state/initialState.ts';
import { freezeStep, sparsityTarget } from '../schedule.ts';
import { settle } from '../settle.ts';
import type { Method } from './method.ts';

export function selfPinching({ gates, sparsity }: Pick<RunSettings, 'gates' | 'sparsity'>): Method {
  return {
    begins: 'learning',
    begin: (parameters, weights) => initialState(parameters, weights, gates.start),
    target: (step, steps) => sparsityTarget(sparsity, step, steps),
    resting: {
      from: (steps) => freezeStep(sparsity, steps),
      rest: ({ parameters, removed }, state) => settle(parameters, state, sparsity.target, removed.gated),
      sentence: `Thresholds rest at a sparsity of ${percent(sparsity.target, 2)}; the surviving weights settle.`,
    },
  };
}
