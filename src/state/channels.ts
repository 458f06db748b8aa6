/** A state in the search of channel-wise pruning: its layers' candidates, and its weights with a choice among them. */

import { sizeOf, type Tensor } from '../onnx/graph/tensor.ts';
import { keepChannels, type Candidates } from '../prune/chooseChannels.ts';
import { stateNames } from './stateNames.ts';
import type { TrainedParameter } from './parameter.ts';

type ChannelState = ReadonlyMap<string, Tensor>;

/** What each gated layer has learned of its candidates. */
export function channelLayers(parameters: readonly TrainedParameter[], state: ChannelState): Candidates[] {
  const layers: Candidates[] = [];
  for (const { gate, dims, channelAxis = 0 } of parameters) {
    if (gate === undefined) continue;
    const size = sizeOf(dims);
    const perChannel = size / (dims[channelAxis] ?? 1);
    const sizes = row(state, stateNames.candidates, gate).map((count) => count * perChannel);
    layers[gate] = { logits: row(state, stateNames.architecture, gate), sizes, size };
  }
  return layers;
}

/** The gated weights by initializer, with the channels of the chosen candidates. */
export function withChannels(
  parameters: readonly TrainedParameter[],
  state: ChannelState,
  chosen: readonly number[],
): Map<string, Float32Array> {
  const kept = new Map<string, Float32Array>();
  for (const { initializer, gate, dims, channelAxis = 0 } of parameters) {
    const weights = state.get(stateNames.weight(initializer))?.data;
    const ranks = state.get(stateNames.channelRanks(initializer))?.data;
    if (gate === undefined || !weights || !ranks) continue;
    const count = row(state, stateNames.candidates, gate)[chosen[gate] ?? 0] ?? 0;
    kept.set(initializer, keepChannels(weights as Float32Array, dims, channelAxis, ranks as Float32Array, count));
  }
  return kept;
}

/** A layer's row of a matrix. */
function row(state: ChannelState, name: string, gate: number): number[] {
  const tensor = state.get(name);
  const width = tensor?.dims[1] ?? 0;
  return Array.from((tensor?.data ?? []).slice(gate * width, (gate + 1) * width), Number);
}
