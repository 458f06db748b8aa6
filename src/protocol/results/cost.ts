/** What a model costs, in numbers and in time, beside the dense model that it was made from. */

import * as v from 'valibot';
import { amount, count, text, type Shape } from '../schema.ts';
import { countedModel, fileSize } from './model.ts';

/** Not known, or not measured. In the first version of the form some are missing. */
const known = <T extends v.GenericSchema<number>>(schema: T) => v.optional(v.nullable(schema), null);

const costFigures = v.object({
  ...v.pick(countedModel, ['model', 'parameters', 'nonZeroParameters']).entries,
  ...fileSize.entries,
  /** Gated weights that are in the model and not zero. */
  nonZeroGated: known(count),
  /** Multiply-accumulates of matrix products and convolutions for a second of audio; null if they cannot be estimated. */
  multiplyAccumulates: known(amount),
  /** Milliseconds for one utterance, the median of all runs; null if that was not asked for or the model cannot be run. */
  latency: known(amount),
  /** Seconds of computing for a second of audio, by that latency. */
  realTimeFactor: known(amount),
});
export type CostFigures = Shape<typeof costFigures>;

const costRatios = v.object({
  parameters: known(amount),
  nonZeroParameters: known(amount),
  nonZeroGated: known(amount),
  multiplyAccumulates: known(amount),
  bytes: known(amount),
  gzippedBytes: known(amount),
  latency: known(amount),
  realTimeFactor: known(amount),
});
export type CostRatios = Shape<typeof costRatios>;

export const modelCost = v.object({
  own: costFigures,
  /** The model it is compared with; null if there is none. */
  dense: v.nullable(costFigures),
  /** The model's numbers divided by the dense model's. */
  ratios: v.nullable(costRatios),
  /** Whether some weights are stored in 8 bits. */
  quantized: v.boolean(),
  /** Length of the utterance that multiply-accumulates and latency are measured on. */
  seconds: amount,
  /** How often it was run for the latency; 0 if it was not. */
  runs: count,
  device: text,
  /** Threads of one operator on the CPU; null is onnxruntime's choice, one for each core. */
  threads: v.nullable(count),
  /** Why a number is missing; null if none is. */
  problem: v.nullable(text),
});
export type ModelCost = Shape<typeof modelCost>;
