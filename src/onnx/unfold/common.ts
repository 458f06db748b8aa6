/** What it takes to write nodes back into a graph that an exporter took out. */

import type { Attributes, Node } from '../graph/graph.ts';

/** A node with one output, which gives it its name. */
export const written = (
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Attributes = {},
): Node => ({ opType, domain: '', name: output, inputs, outputs: [output], attributes });

/** A name that no value has; it is taken then. */
export function unique(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
  taken.add(name);
  return name;
}

/** Whether PyTorch's older exporter made up a name for something that it has computed and a convolution reads. */
export const isMadeUp = (name: string): boolean => /^onnx::Conv_\d+$/.test(name);
