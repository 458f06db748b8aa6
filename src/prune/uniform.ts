/**
 * Uniform magnitude pruning (Han et al. 2015, "Learning both weights and connections"): every layer loses the same share of its weights,
 * those nearest to zero.
 */

export interface Cut {
  /** A copy, zero where a weight was cut. */
  readonly weights: Float32Array;
  /** The smallest magnitude that stays: what is nearer to zero was cut. */
  readonly edge: number;
}

/**
 * Cuts the smallest weights by magnitude: as many as are wholly in the share. Of equal ones the first go, so that the count is exact.
 * @param share 0 to below 1.
 */
export function cutSmallest(weights: Float32Array, share: number): Cut {
  const sorted = weights.map(Math.abs).sort();
  const count = Math.floor(share * weights.length);
  const edge = sorted[count] ?? 0;
  // Weights as large as the edge are cut only as far as smaller ones do not make up the count.
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
