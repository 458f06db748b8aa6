/** Finds the order of the axes of a model's output from its shapes, not from names. */

/** Positions among the output's axes: 0, 1, 2, each once. */
export interface OutputAxes {
  readonly batch: number;
  readonly frames: number;
  readonly symbols: number;
}

/** The axes of logits in Hugging Face's models. */
export const batchFirst: OutputAxes = { batch: 0, frames: 1, symbols: 2 };

/** An output's shape for a number of utterances and samples. */
export interface Trial {
  readonly batch: number;
  readonly samples: number;
  readonly dims: readonly number[];
}

/** In the order in which they are tried; only trials of too few sizes fit more than one. */
const orders: readonly OutputAxes[] = [
  batchFirst,
  { batch: 1, frames: 0, symbols: 2 },
  { batch: 0, frames: 2, symbols: 1 },
  { batch: 2, frames: 0, symbols: 1 },
  { batch: 1, frames: 2, symbols: 0 },
  { batch: 2, frames: 1, symbols: 0 },
];

/**
 * The order that fits all trials: the batch axis equals the number of inputs, frames grow with the samples, and the symbols are constant.
 * @param symbols of the vocabulary; the model has at least as many.
 */
export function axesOf(trials: readonly Trial[], symbols = 1): OutputAxes | undefined {
  return orders.find((axes) => trials.every((trial) => fits(trial, axes, trials, symbols)));
}

/** Transpose's permutation to the order [batch, frames, symbols]; undefined if the output has it. */
export function toBatchFirst({ batch, frames, symbols }: OutputAxes): readonly number[] | undefined {
  return batch === 0 && frames === 1 ? undefined : [batch, frames, symbols];
}

function fits({ batch, samples, dims }: Trial, axes: OutputAxes, trials: readonly Trial[], symbols: number): boolean {
  if (dims.length !== 3 || dims[axes.batch] !== batch || (dims[axes.symbols] ?? 0) < symbols) return false;
  const frames = dims[axes.frames] ?? 0;
  return trials.every((other) => {
    const [theirs = 0, width] = [other.dims[axes.frames], other.dims[axes.symbols]];
    if (width !== dims[axes.symbols]) return false;
    return Math.sign(theirs - frames) === Math.sign(other.samples - samples);
  });
}
