/** Infers the type and shape of every output of a node from its inputs. One function per operator, grouped by family. */

import type { Operand, ValueType } from '../graph/value.ts';
import { describe, type Node } from '../graph/graph.ts';
import type { InferTable } from './common.ts';
import { convolution } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { matmul } from './matmul.ts';
import { normalization } from './normalization.ts';
import { reduction } from './reduction.ts';
import { sequence } from './sequence.ts';
import { shapes } from './shape.ts';

const table: InferTable = {
  ...elementwise,
  ...matmul,
  ...convolution,
  ...normalization,
  ...reduction,
  ...shapes,
  ...indexing,
  ...sequence,
};

/** The operators of ONNX's own domain whose shapes Pinch knows. */
export const knownOperators: ReadonlySet<string> = new Set(Object.keys(table));

/** @throws if Pinch does not know the operator, or its inputs do not fit it; the message names the node. */
export function inferTypes(node: Node, inputs: readonly Operand[]): readonly ValueType[] {
  const infer = node.domain === '' && Object.hasOwn(table, node.opType) ? table[node.opType] : undefined;
  if (!infer) throw new Error(`${describe(node)}: the shapes of operator ${node.opType} are not known`);
  return infer(node, inputs);
}
