/** The output of `pinch inspect --thresholds`, which is kept beside a checkpoint: how sparse it is with higher thresholds. */

import * as v from 'valibot';
import { amount, count, fraction, text, time, type Shape } from '../schema.ts';

export const sparsityCurve = v.object({
  model: text,
  /** Identifies the version of the ONNX file that was counted, without its external data. */
  modelFile: v.object({ bytes: count, modified: time }),
  /** Gated weights, with those that were removed from the model. */
  gatedParameters: count,
  /** Rising from 1: what all thresholds are multiplied by. */
  factors: v.pipe(v.array(amount), v.minLength(1), v.maxLength(1000)),
  /** Of the gated weights, at each factor. */
  sparsities: v.pipe(v.array(fraction), v.minLength(1), v.maxLength(1000)),
});
export type SparsityCurve = Shape<typeof sparsityCurve>;

/** The factor at which a sparsity is reached, on the line between two points of the curve; undefined beyond its ends. */
export function factorFor(
  { factors, sparsities }: Pick<SparsityCurve, 'factors' | 'sparsities'>,
  sparsity: number,
): number | undefined {
  const above = sparsities.findIndex((each) => each >= sparsity);
  if (above <= 0) return undefined;
  const [low, high] = [sparsities[above - 1] ?? 0, sparsities[above] ?? 0];
  const [from, to] = [factors[above - 1] ?? 1, factors[above] ?? 1];
  return from + ((sparsity - low) / (high - low)) * (to - from);
}

/** The sparsity at a factor, on the line between two points; that of the nearest end beyond them. */
export function sparsityAt(
  { factors, sparsities }: Pick<SparsityCurve, 'factors' | 'sparsities'>,
  factor: number,
): number {
  const above = factors.findIndex((each) => each >= factor);
  if (above < 0) return sparsities.at(-1) ?? 0;
  if (above === 0) return sparsities[0] ?? 0;
  const [low, high] = [sparsities[above - 1] ?? 0, sparsities[above] ?? 0];
  const [from, to] = [factors[above - 1] ?? 1, factors[above] ?? 1];
  return low + ((factor - from) / (to - from)) * (high - low);
}
