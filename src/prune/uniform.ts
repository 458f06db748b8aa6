/**
 * Uniform magnitude pruning (Han et al. 2015, "Learning both weights and connections"): every layer loses the same fraction of its weights,
 * those nearest to zero.
 */

export interface Cut {
  /** A copy with zeros in place of the pruned weights. */
  readonly weights: Float32Array;
  /** The smallest magnitude that stays: weights nearer to zero were pruned. */
  readonly edge: number;
}

/**
 * Prunes the smallest weights by magnitude: the largest whole number within the fraction. Of equal weights, the first are pruned, so that the count
 * is exact.
 * @param share 0 to below 1.
 */
export function cutSmallest(weights: Float32Array, share: number): Cut {
  const sorted = weights.map(Math.abs).sort();
  const count = Math.floor(share * weights.length);
  const edge = sorted[count] ?? 0;
  // Weights as large as the edge are pruned only until the count is reached.
  let equal = count - firstAtLeast(sorted, edge);
  const cut = weights.map((weight) => {
    const size = Math.abs(weight);
    if (size > edge) return weight;
    if (size < edge) return 0;
    return equal-- > 0 ? 0 : weight;
  });
  return { weights: cut, edge };
}

function firstAtLeast(sorted: Float32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
