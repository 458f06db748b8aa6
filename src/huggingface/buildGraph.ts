/** Writes a checkpoint's graph: its inputs, the family's nodes, its output. */

import type { Model } from '../onnx/graph/graph.ts';
import { ModelBuilder } from '../onnx/graph/modelBuilder.ts';
import { Module } from './blocks/module.ts';
import type { ConfiguredModel, Family } from './families/family.ts';
import type { WeightStore } from './weights.ts';

/** The first operator set with Gelu, which is the one that Pinch trains in, too. */
const opset = 20;

/**
 * @param weights are told which of the checkpoint's tensors the graph uses
 * @returns the model without them
 * @throws ImportError naming a tensor that the checkpoint lacks, or that has another shape.
 */
export function buildGraph(
  { forCTC }: Family,
  { config, logits: write }: ConfiguredModel,
  weights: WeightStore,
  takesMask: boolean,
): Model {
  const b = new ModelBuilder();
  const inputValues = b.input('input_values', 'float32', ['batch', 'samples']);
  const attentionMask = takesMask ? b.input('attention_mask', 'int64', ['batch', 'samples']) : undefined;
  const logits = write(new Module(b, weights), { inputValues, attentionMask });
  b.output('logits', logits, 'float32', ['batch', 'frames', config.vocab_size]);
  return { graph: b.graph(forCTC), opsets: new Map([['', opset]]) };
}
