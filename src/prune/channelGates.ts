/**
 * Channel search of channel-wise pruning (NAS-CP) as graph operators: every layer mixes candidates that keep its first c channels, with
 * weights drawn by Gumbel-softmax (Jang et al. 2017) from the learned α. Candidates share their weights, so their mixture is one product:
 * Σ λ_i x(W ⊙ M_i) = x(W ⊙ Σ λ_i M_i).
 */

import type { Builder } from '../onnx/graph/builder.ts';
import { int } from '../onnx/graph/graph.ts';
import { sizeOf } from '../onnx/graph/tensor.ts';
import type { Value } from '../onnx/graph/value.ts';

export interface ChannelGate {
  /** The layer's weights in the model's shape. */
  readonly weight: Value;
  /** The axis of the layer's channels, its output features. */
  readonly axis: number;
  /** [channels]: rank of each channel; 0 is cut last. */
  readonly ranks: Value;
  /** [candidates]: number of channels that each keeps. */
  readonly counts: Value;
  /** [candidates]: log α. */
  readonly logits: Value;
  /** [candidates]: standard Gumbel noise of this step. */
  readonly noise: Value;
  /** Scalar. */
  readonly temperature: Value;
}

export interface MixedWeight {
  /** W with every channel scaled by the candidates that keep it; the shape of the weight. */
  readonly mixed: Value;
  /** Scalar: Σ λ_i P_i, where candidate i keeps P_i weights. */
  readonly kept: Value;
  /** For the gradients. */
  readonly mixture: Mixture;
}

interface Mixture {
  /** [1, candidates]: λ. */
  readonly shares: Value;
  /** [candidates, channels]: 1 where the candidate keeps the channel. */
  readonly masks: Value;
  /** [candidates]: P. */
  readonly sizes: Value;
  /** Σ λ_i M_i, in a shape that broadcasts to the weight's. */
  readonly scale: Value;
}

export function mixChannels(b: Builder, gate: ChannelGate, name: string): MixedWeight {
  return b.scope(`${name}/channels`, () => {
    const { weight, axis, ranks, counts, temperature } = gate;
    const [channels, candidates] = [sizeOf(ranks.dims), sizeOf(counts.dims)];
    const drawn = b.op('Div', [b.op('Add', [gate.logits, gate.noise]), temperature]);
    const shares = b.op('Softmax', [b.op('Reshape', [drawn, b.ints([1, candidates])])], { axis: int(-1) });
    const column = b.op('Reshape', [counts, b.ints([candidates, 1])]);
    const masks = b.op('Cast', [b.op('Less', [b.op('Reshape', [ranks, b.ints([1, channels])]), column])], {
      to: int(1),
    });
    const along = weight.dims.map((_, i) => (i === axis ? channels : 1));
    const scale = b.op('Reshape', [b.op('MatMul', [shares, masks]), b.ints(along)]);
    const sizes = b.op('Mul', [counts, b.scalar(sizeOf(weight.dims) / channels)]);
    const kept = b.op('ReduceSum', [b.op('Mul', [shares, sizes])], { keepdims: int(0) });
    return { mixed: b.op('Mul', [weight, scale]), kept, mixture: { shares, masks, sizes, scale } };
  });
}

export interface ChannelGradients {
  /** The loss's gradient for the weight itself, in its shape. */
  readonly weight: Value;
  /** Scalar: the sum of its squares. */
  readonly squares: Value;
  /** [candidates]: the loss's gradient for log α. */
  readonly logits: Value;
}

/**
 * With G = dL/d(mixed) and η = dL/d(kept): dL/dW = G ⊙ Σ λ_i M_i, dL/dλ_i = Σ G ⊙ W ⊙ M_i + η P_i, and through the softmax
 * dL/d(log α_i) = λ_i (dL/dλ_i − Σ_j λ_j dL/dλ_j) / T.
 * @param gradient G, in the weight's shape
 * @param pressure scalar η
 */
export function channelGradients(
  b: Builder,
  { weight, axis, temperature }: ChannelGate,
  { shares, masks, sizes, scale }: Mixture,
  gradient: Value,
  pressure: Value,
  name: string,
): ChannelGradients {
  return b.scope(`${name}/channels_gradient`, () => {
    const through = b.op('Mul', [gradient, scale]);
    const others = weight.dims.flatMap((_, i) => (i === axis ? [] : [i]));
    const perChannel = b.op('ReduceSum', [b.op('Mul', [gradient, weight]), b.ints(others)], { keepdims: int(0) });
    const column = b.op('Reshape', [perChannel, b.ints([sizeOf(perChannel.dims), 1])]);
    const ofShares = b.op('Add', [
      b.op('Reshape', [b.op('MatMul', [masks, column]), b.ints(shares.dims)]),
      b.op('Mul', [sizes, pressure]),
    ]);
    const mean = b.op('ReduceSum', [b.op('Mul', [shares, ofShares])], { keepdims: int(0) });
    const centred = b.op('Mul', [shares, b.op('Sub', [ofShares, mean])]);
    // Updates wait for the squares, and the squares wait for the product with the weight, which may be updated in place.
    const nothing = b.op('Mul', [b.op('ReduceSum', [perChannel], { keepdims: int(0) }), b.scalar(0)]);
    return {
      weight: through,
      squares: b.op('Add', [b.op('ReduceSumSquare', [through], { keepdims: int(0) }), nothing]),
      logits: b.op('Reshape', [b.op('Div', [centred, temperature]), b.ints(sizes.dims)]),
    };
  });
}
