/** Channel-wise pruning outside the graph: the order of a layer's channels, its candidates, and the choice among them. */

import { sizeOf } from '../onnx/graph/tensor.ts';

/**
 * The rank of each channel by magnitude, the root of the sum of its squares: 0 for the largest. Of equal channels the first ranks higher.
 * @param dims the weights' shape
 * @param axis of the channels in it
 */
export function rankChannels(weights: Float32Array, dims: readonly number[], axis: number): Float32Array {
  const channels = dims[axis] ?? 1;
  const squares = new Float64Array(channels);
  forEachChannel(dims, axis, (channel, i) => {
    squares[channel] = (squares[channel] ?? 0) + (weights[i] ?? 0) ** 2;
  });
  const order = Array.from(squares.keys()).sort((a, b) => (squares[b] ?? 0) - (squares[a] ?? 0) || a - b);
  const ranks = new Float32Array(channels);
  order.forEach((channel, rank) => (ranks[channel] = rank));
  return ranks;
}

/** The number of a layer's channels that each candidate keeps: at least one. @param shares of all channels, ascending. */
export function candidateCounts(channels: number, shares: readonly number[]): number[] {
  return shares.map((share) => Math.max(1, Math.round(share * channels)));
}

/** A copy without the channels whose rank is `count` or more. */
export function keepChannels(
  weights: Float32Array,
  dims: readonly number[],
  axis: number,
  ranks: Float32Array,
  count: number,
): Float32Array {
  const kept = weights.slice();
  forEachChannel(dims, axis, (channel, i) => {
    if ((ranks[channel] ?? 0) >= count) kept[i] = 0;
  });
  return kept;
}

/** The learned numbers of a layer's candidates. */
export interface Candidates {
  /** log α of each. */
  readonly logits: readonly number[];
  /** Number of weights that each keeps. */
  readonly sizes: readonly number[];
  /** Number of weights of the whole layer. */
  readonly size: number;
}

/** The candidate with the greatest likelihood minus `price` for each weight that it keeps; of equal ones the smallest. */
export function likeliest({ logits, sizes }: Candidates, price = 0): number {
  let best = 0;
  let highest = -Infinity;
  logits.forEach((logit, i) => {
    const score = logit - price * (sizes[i] ?? 0);
    if (score > highest) [best, highest] = [i, score];
  });
  return best;
}

/**
 * A candidate for each layer, so that the total sparsity is as near to the target as the candidates allow. One price per kept weight, the same
 * in all layers, decides (as in the loss of the search). The price is found by bisection; at 0 the most likely candidates win.
 */
export function chooseCandidates(layers: readonly Candidates[], target: number): number[] {
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const choose = (price: number): number[] => layers.map((layer) => likeliest(layer, price));
  const sparsity = (chosen: readonly number[]): number =>
    1 - layers.reduce((sum, { sizes }, l) => sum + (sizes[chosen[l] ?? 0] ?? 0), 0) / total;
  // No difference of likelihoods outweighs this price, even for a single weight.
  const reach = 1 + Math.max(...layers.map(({ logits }) => Math.max(...logits) - Math.min(...logits)));
  let [low, high] = [-reach, reach];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (sparsity(choose(middle)) < target) low = middle;
    else high = middle;
  }
  const [denser, sparser] = [choose(low), choose(high)];
  return target - sparsity(denser) < sparsity(sparser) - target ? denser : sparser;
}

function forEachChannel(dims: readonly number[], axis: number, visit: (channel: number, index: number) => void): void {
  const channels = dims[axis] ?? 1;
  const stride = sizeOf(dims.slice(axis + 1));
  const size = sizeOf(dims);
  for (let i = 0; i < size; i++) visit(Math.floor(i / stride) % channels, i);
}
