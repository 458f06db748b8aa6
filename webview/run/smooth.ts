/** Smooths a curve. */

/** Rows after which a value counts half: this fraction of all rows. */
const halfLife = 1 / 50;

/**
 * The exponential moving average of a curve's rows, without the bias of its start, as TensorBoard's. Unknown values are passed over.
 * @param count rows that are filled.
 */
export function smoothed(values: ArrayLike<number>, count: number): Float32Array {
  const keep = 0.5 ** (1 / Math.max(1, count * halfLife));
  const out = new Float32Array(count).fill(NaN);
  let [sum, weight] = [0, 0];
  for (let row = 0; row < count; row++) {
    const value = values[row] ?? NaN;
    if (Number.isFinite(value)) {
      sum = keep * sum + (1 - keep) * value;
      weight = keep * weight + (1 - keep);
    }
    out[row] = weight > 0 ? sum / weight : NaN;
  }
  return out;
}
