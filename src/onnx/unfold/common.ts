/** Helpers to restore nodes that an exporter removed. */

import type { Attributes, Node } from '../graph/graph.ts';

/** A node with one output, which has the node's name. */
export const written = (
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Attributes = {},
): Node => ({ opType, domain: '', name: output, inputs, outputs: [output], attributes });

/** Whether PyTorch's older exporter made up a name for a tensor that it computed and a convolution reads. */
export const isMadeUp = (name: string): boolean => /^onnx::Conv_\d+$/.test(name);
