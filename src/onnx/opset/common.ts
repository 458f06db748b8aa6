/** The view of a node for adapters that write it in the training graph's opset. */

import type { NodeOptions } from '../graph/builder.ts';
import type { Operand, Value } from '../graph/value.ts';
import { describe, type Attributes, type Node } from '../graph/graph.ts';
import type { Rewriter } from '../graph/rewriter.ts';

export interface Adaptation {
  readonly r: Rewriter;
  /** The model's node. Outputs that nothing reads are the empty string. */
  readonly node: Node;
  readonly inputs: readonly Operand[];
  /** The opset version of the model's node. */
  readonly version: number;
  /** Name, metadata and output names for the node with the result. */
  readonly options: NodeOptions;
}

/** Writes a node and returns its outputs. @throws if it uses a feature that Pinch does not support. */
export type Adapter = (adaptation: Adaptation) => readonly (Value | undefined)[];

export type AdapterTable = Readonly<Record<string, Adapter>>;

/** Input `i`. @throws if it is omitted. */
export function required({ node, inputs }: Adaptation, i: number): Value {
  const value = inputs[i];
  if (!value) throw new Error(`${describe(node)}: input ${i} is missing`);
  return value;
}

/** The unchanged node, with other inputs or attributes. */
export function same({ r, node, inputs, options }: Adaptation, changes: Partial<NodeChanges> = {}): readonly Value[] {
  const count = node.outputs.findLastIndex((output) => output !== '') + 1;
  const { opType = node.opType, attributes = node.attributes } = changes;
  return r.ops(opType, changes.inputs ?? inputs, count, attributes, options);
}

interface NodeChanges {
  readonly opType: string;
  readonly inputs: readonly Operand[];
  readonly attributes: Attributes;
}

/** Attributes without some of them. */
export function without(attributes: Attributes, ...names: readonly string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !names.includes(name)));
}

/** @throws that Pinch does not support a feature of the node. */
export function unsupported({ node }: Adaptation, what: string): never {
  throw new Error(`${describe(node)}: ${what} is not supported`);
}
