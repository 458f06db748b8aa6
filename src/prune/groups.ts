/**
 * Groups of weights that live and die together: the units of a feed-forward block, the heads of an attention. They come from the graph,
 * by following channels from matrix product to matrix product; no names of layers are looked at but to call the groups by them.
 */

/** The part of one weight that belongs to each group: group g owns the indices start + g·length … start + (g+1)·length − 1 of an axis. */
export interface GroupSlice {
  readonly initializer: string;
  readonly axis: number;
  /** 0, but where several such parts stand one behind the other in one matrix, as q, k and v may. */
  readonly start: number;
  /** 1 for a feed-forward unit, the head's size for an attention head. */
  readonly length: number;
  /** Whether its weights count for the score and the sparsity: gated matrices do; biases only live and die with them. */
  readonly gated: boolean;
}

/** Groups that compete under one threshold. */
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
  /** Gated matrices that cannot be grouped safely, each with one sentence of reason. */
  readonly notGated: readonly { readonly initializer: string; readonly reason: string }[];
}
