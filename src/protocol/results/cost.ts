/** The cost of a model, in numbers and time, beside the dense model it was made from. */

import * as v from 'valibot';
import { amount, count, text, type Shape } from '../schema.ts';
import { budget } from '../settings.ts';
import { countedModel, fileSize } from './model.ts';

/** Null if unknown or not measured. The first version of the form lacks some of them. */
const known = <T extends v.GenericSchema<number>>(schema: T) => v.optional(v.nullable(schema), null);

const costFigures = v.object({
  ...v.pick(countedModel, ['model', 'parameters', 'nonZeroParameters']).entries,
  ...fileSize.entries,
  /** Gated weights in the model that are not zero. */
  nonZeroGated: known(count),
  /** Multiply-accumulates of matrix products and convolutions per second of audio; null if they cannot be estimated. */
  multiplyAccumulates: known(amount),
  /** Milliseconds for one utterance, the median of all runs; null if not requested or if the model cannot be run. */
  latency: known(amount),
  /** Seconds of computing per second of audio, at that latency. */
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
  /** The model it is compared with; null without one. */
  dense: v.nullable(costFigures),
  /** The model's numbers divided by the dense model's. */
  ratios: v.nullable(costRatios),
  /** Whether some weights are stored in 8 bits. */
  quantized: v.boolean(),
  /** What its run was to reach; null without a target in size or latency, as in earlier versions. */
  promised: v.optional(v.nullable(budget), null),
  /** Length of the utterance for multiply-accumulates and latency. */
  seconds: amount,
  /** Number of runs for the latency; 0 if it was not measured. */
  runs: count,
  device: text,
  /** Threads of one operator on the CPU; null for onnxruntime's choice, one for each core. */
  threads: v.nullable(count),
  /** Why a number is missing; null if none is. */
  problem: v.nullable(text),
});
export type ModelCost = Shape<typeof modelCost>;
