/**
 * Groups of weights that are kept or removed together: the units of a feed-forward block, the heads of an attention. They are found in the graph,
 * by following channels from matrix product to matrix product. Names of layers serve only to name the groups.
 */

/** Each group's part of one weight: group g owns the indices start + g·length … start + (g+1)·length − 1 of an axis. */
export interface GroupSlice {
  readonly initializer: string;
  readonly axis: number;
  /** 0, unless several such parts follow each other in one matrix, as q, k and v may. */
  readonly start: number;
  /** 1 for a feed-forward unit, the head's size for an attention head. */
  readonly length: number;
  /** Whether its weights count for the score and the sparsity. Gated matrices do; biases and scales are only masked with their group. */
  readonly gated: boolean;
}

/** Groups under one common threshold. */
export interface GroupedLayer {
  /** The common scope of its matrix products: `wav2vec2.encoder.layers.0.feed_forward`. Unique in the model. */
  readonly name: string;
  /** Units are single channels; heads are channels that a reshape keeps together. */
  readonly kind: 'units' | 'heads';
  readonly groups: number;
  readonly slices: readonly GroupSlice[];
}

export interface Grouping {
  readonly layers: readonly GroupedLayer[];
  /** Gated matrices that cannot be grouped safely, each with a reason in one sentence. */
  readonly notGated: readonly { readonly initializer: string; readonly reason: string }[];
}
