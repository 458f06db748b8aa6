/** The CTC loss of one utterance, from a model's output (Graves et al. 2006, equations 6 to 8, in the log domain). */

/**
 * -ln p(labels): over all paths of the frames that collapse to the labels.
 * @param logits [frames or more, symbols], row-major; log-probabilities will do, since log-softmax leaves them as they are.
 * @returns Infinity if there are too few frames for the labels.
 * @throws RangeError if there are fewer logits than frames, or a label is no symbol.
 */
export function ctcLoss(
  logits: Float32Array,
  frames: number,
  symbols: number,
  labels: ArrayLike<number>,
  blank: number,
): number {
  if (logits.length < frames * symbols) {
    throw new RangeError(`${logits.length} logits are fewer than ${frames} frames of ${symbols} symbols`);
  }
  const path = withBlanks(labels, blank, symbols);
  const states = path.length;
  let before = new Float64Array(states).fill(-Infinity);
  let now = new Float64Array(states);
  for (let frame = 0; frame < frames; frame++) {
    const row = logits.subarray(frame * symbols, (frame + 1) * symbols);
    const total = logOfSum(row);
    for (let state = 0; state < states; state++) {
      const symbol = path[state] ?? blank;
      const reached =
        frame === 0
          ? state < 2
            ? 0
            : -Infinity
          : reach(before, state, symbol !== blank && symbol !== path[state - 2]);
      now[state] = reached + (row[symbol] ?? 0) - total;
    }
    [before, now] = [now, before];
  }
  if (frames === 0) return states === 1 ? 0 : Infinity;
  return -logAdd(before[states - 1] ?? -Infinity, before[states - 2] ?? -Infinity);
}

/** Blanks before, between and after the labels. */
function withBlanks(labels: ArrayLike<number>, blank: number, symbols: number): Int32Array {
  const path = new Int32Array(2 * labels.length + 1).fill(blank);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] ?? -1;
    if (label < 0 || label >= symbols) throw new RangeError(`label ${label} is none of ${symbols} symbols`);
    path[2 * i + 1] = label;
  }
  return path;
}

/** ln of the probability of being in one of the states from which this one is entered. */
function reach(before: Float64Array, state: number, skips: boolean): number {
  const near = logAdd(before[state] ?? -Infinity, before[state - 1] ?? -Infinity);
  return skips ? logAdd(near, before[state - 2] ?? -Infinity) : near;
}

function logOfSum(row: Float32Array): number {
  let most = -Infinity;
  for (const value of row) most = Math.max(most, value);
  let sum = 0;
  for (const value of row) sum += Math.exp(value - most);
  return most + Math.log(sum);
}

function logAdd(a: number, b: number): number {
  const most = Math.max(a, b);
  return most === -Infinity ? most : most + Math.log1p(Math.exp(-Math.abs(a - b)));
}
