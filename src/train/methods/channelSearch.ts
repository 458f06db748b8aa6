/**
 * NAS-CP, channel-wise pruning by architecture search: a first part of the run searches how many channels each layer keeps, then the
 * choice is made and the rest of the run fine-tunes what it left.
 */

import { percent } from '../../base/format.ts';
import { float32, type Tensor } from '../../onnx/graph/tensor.ts';
import { candidateCounts, chooseCandidates, rankChannels } from '../../prune/chooseChannels.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import { channelLayers, withChannels } from '../../state/channels.ts';
import { stateNames } from '../../state/stateNames.ts';
import type { TrainedParameter } from '../../state/parameter.ts';
import { initialWeights } from '../../state/initialState.ts';
import type { Write } from '../../state/pruned.ts';
import { freezeWeights } from '../freezeMasks.ts';
import type { Method } from './method.ts';

export function channelSearch({ search, sparsity: { target } }: Pick<RunSettings, 'search' | 'sparsity'>): Method {
  const searched = (steps: number): number => Math.round(search.share * steps);
  const shares = search.candidates.toSorted((a, b) => a - b);
  return {
    begins: 'learning',
    begin: (parameters, weights) => beginSearch(parameters, initialWeights(parameters, weights), shares),
    target: () => target,
    search: {
      candidates: shares.length,
      learningRate: search.learningRate,
      temperature: (step, steps) => {
        const [first, last] = search.temperature;
        return first * (last / first) ** Math.min(1, step / Math.max(1, searched(steps) - 1));
      },
    },
    freezing: {
      from: searched,
      freeze: ({ parameters }, state) => {
        const chosen = chooseCandidates(channelLayers(parameters, state), target);
        const weights = withChannels(parameters, state, chosen);
        return freezeWeights(
          state,
          Array.from(weights, ([name, own]) => [name, writing(own)] as const),
        );
      },
      sentence: `The search has ended; what it chose, as near to a sparsity of ${percent(target, 2)} as its candidates allow, is fine-tuned.`,
    },
  };
}

const writing =
  (weights: Float32Array): Write =>
  (into, beside) => {
    into.set(weights);
    if (beside) for (let i = 0; i < weights.length; i++) if (weights[i] === 0) beside[i] = 0;
  };

/** All candidates are equally likely at first, and the order in which a layer's channels go is settled. */
function beginSearch(
  parameters: readonly TrainedParameter[],
  state: Map<string, Tensor>,
  shares: readonly number[],
): Map<string, Tensor> {
  const counts: number[][] = [];
  for (const { initializer, gate, dims, channelAxis = 0 } of parameters) {
    const weights = state.get(stateNames.weight(initializer));
    if (gate === undefined || !weights) continue;
    state.set(
      stateNames.channelRanks(initializer),
      float32(rankChannels(weights.data as Float32Array, dims, channelAxis)),
    );
    counts[gate] = candidateCounts(dims[channelAxis] ?? 1, shares);
  }
  const all = [counts.length, shares.length];
  state.set(stateNames.candidates, float32(counts.flat(), all));
  return state.set(stateNames.architecture, float32(new Float32Array(counts.length * shares.length), all));
}
