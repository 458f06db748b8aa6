/** Brings nodes of the operator sets that exporters write to the one that training graphs use. */

import type { Operand, Value } from './builder.ts';
import type { Node } from './graph.ts';
import { knownOperators } from './infer.ts';
import type { Rewriter } from './rewriter.ts';

/** The operator set of every training graph: the first with Gelu, and one that onnxruntime's WebGPU provider has kernels for. */
export const trainingOpset = 20;

/** Whether a node can be written into a training graph. */
export function isKnown(node: Node, opsets: ReadonlyMap<string, number>): boolean {
  opsets;
  return node.domain === '' && knownOperators.has(node.opType);
}

/** Writes a node of a model and returns its outputs. */
export function adapt(
  r: Rewriter,
  node: Node,
  inputs: readonly Operand[],
  opsets: ReadonlyMap<string, number>,
): readonly (Value | undefined)[] {
  opsets;
  const { name, metadata } = node;
  const options = { name, outputNames: node.outputs, ...(metadata ? { metadata } : {}) };
  const count = node.outputs.findLastIndex((output) => output !== '') + 1;
  return r.ops(node.opType, inputs, count, node.attributes, options);
}
