/** Estimates a model's computation per second of audio from its shapes, without running it. */

import { Builder } from '../../onnx/graph/builder.ts';
import type { Model } from '../../onnx/graph/graph.ts';
import { specialize } from '../../onnx/passes/specialize.ts';
import { graphCost } from '../../runtime/graphCost.ts';
import type { ModelIO } from '../../runtime/modelIO.ts';

/**
 * Multiply-accumulates of matrix products and convolutions for one utterance, divided by its seconds. Attention grows with the square of
 * the length, so the number holds for that length only. Zeros are counted like other weights.
 * @param seconds of the utterance.
 * @param sampleRate in Hz.
 * @throws Error naming the operators whose shapes are unknown.
 */
export function multiplyAccumulates(model: Model, io: ModelIO, seconds: number, sampleRate: number): number {
  const { audio, mask, logits } = io;
  const b = new Builder();
  const dims = [1, Math.round(seconds * sampleRate)];
  const inputs = { [audio.name]: b.input(audio.name, 'float32', dims) };
  if (mask) inputs[mask.name] = b.input(mask.name, mask.type, dims);
  // No shape depends on a weight matrix, so its elements need not be read.
  const matrices = [...model.graph.initializers].filter(([, { type, dims }]) => type === 'float32' && dims.length > 1);
  const parameters = new Map(matrices.map(([name, { type, dims }]) => [name, b.input(`weight/${name}`, type, dims)]));
  specialize(model, b, { inputs, parameters, outputs: [logits.name] });
  return graphCost(b).operations / 2 / seconds;
}
