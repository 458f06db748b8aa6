/** The type and shape of every output of a node, from its inputs. One function per operator, grouped by family in infer/. */

import type { Operand, ValueType } from './builder.ts';
import { describe, type Node } from './graph.ts';

/** Types of a node's outputs. Inputs have known shapes; those that must be constant (axes, shapes) carry `constant`. */
export type Infer = (node: Node, inputs: readonly Operand[]) => readonly ValueType[];

const table: Readonly<Record<string, Infer>> = {};

/** @throws if the operator is unknown to Pinch or its inputs do not fit it; the message names the node. */
export function inferTypes(node: Node, inputs: readonly Operand[]): readonly ValueType[] {
  const infer = table[node.opType];
  if (!infer) throw new Error(`${describe(node)}: the shapes of operator ${node.opType} are not known`);
  return infer(node, inputs);
}
