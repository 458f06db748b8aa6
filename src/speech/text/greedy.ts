/** Greedy CTC decoding: the likeliest symbol of each frame, repeats merged, blanks dropped (Graves et al., 2006). */

/** The likeliest symbol of each of the first `frames` frames. `logits` is [frames or more, symbols], row-major. */
export function bestPath(logits: Float32Array, frames: number, symbols: number): Int32Array {
  if (logits.length < frames * symbols) {
    throw new RangeError(`${logits.length} logits are fewer than ${frames} frames of ${symbols} symbols`);
  }
  const path = new Int32Array(frames);
  for (let frame = 0; frame < frames; frame++) {
    const row = frame * symbols;
    let best = 0;
    for (let symbol = 1; symbol < symbols; symbol++) {
      if ((logits[row + symbol] ?? 0) > (logits[row + best] ?? 0)) best = symbol;
    }
    path[frame] = best;
  }
  return path;
}

/** A path without repeats and blanks. */
export function collapse(path: ArrayLike<number>, blank: number): number[] {
  const labels: number[] = [];
  for (let i = 0; i < path.length; i++) {
    const symbol = path[i];
    if (symbol !== undefined && symbol !== blank && (i === 0 || symbol !== path[i - 1])) labels.push(symbol);
  }
  return labels;
}
