/** What the model of a run will be at its end, if the run reaches its target. Formulas are ours. */

import type { RunSettings } from './settings.ts';

export interface PredictedModel {
  /** Of the gated weights. */
  readonly sparsity: number;
  readonly nonZeroParameters: number;
  /** Of the weights in the ONNX file, as float32. Zeros take as much space as other numbers; removed units and heads take none. */
  readonly bytes: number;
  /** Whether the file may become smaller: some of the pruned weights leave the model, and it is not known how many. */
  readonly atMost: boolean;
}

const bytesPerWeight = 4;

/**
 * @param counts parameters of the model before training, and how many of them are gated.
 * @param left parameters of the model now, if groups have left it.
 */
export function predictedModel(
  { parameters, gatedParameters }: { readonly parameters: number; readonly gatedParameters: number },
  granularity: RunSettings['granularity'],
  target: number,
  left = parameters,
): PredictedModel {
  const nonZeroParameters = Math.round(parameters - gatedParameters * target);
  const stored = granularity === 'neuron' ? Math.min(left, nonZeroParameters) : left;
  return {
    sparsity: target,
    nonZeroParameters,
    bytes: bytesPerWeight * stored,
    atMost: granularity === 'neuron+weight',
  };
}

/**
 * The share of the model's computation that remains: removed groups are not computed, zeros are.
 * @param framesPerSecond of the transformer, in each of which a gated weight is multiplied once.
 * @param multiplyAccumulates of the model before training, for a second of audio.
 */
export function remainingComputation(
  gatedParameters: number,
  granularity: RunSettings['granularity'],
  target: number,
  framesPerSecond: number,
  multiplyAccumulates: number,
): number {
  if (granularity !== 'neuron') return 1;
  return Math.max(0, 1 - (target * gatedParameters * framesPerSecond) / multiplyAccumulates);
}
