/** The type and shape of every output of a node, from its inputs. One function per operator, grouped by family in infer/. */

import type { Operand, ValueType } from './value.ts';
import { describe, type Node } from './graph.ts';
import type { InferTable } from './infer/common.ts';
import { convolution } from './infer/convolution.ts';
import { elementwise } from './infer/elementwise.ts';
import { indexing } from './infer/indexing.ts';
import { matmul } from './infer/matmul.ts';
import { normalization } from './infer/normalization.ts';
import { reduction } from './infer/reduction.ts';
import { sequence } from './infer/sequence.ts';
import { shapes } from './infer/shape.ts';

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

/** @throws if the operator is unknown to Pinch or its inputs do not fit it; the message names the node. */
export function inferTypes(node: Node, inputs: readonly Operand[]): readonly ValueType[] {
  const infer = node.domain === '' && Object.hasOwn(table, node.opType) ? table[node.opType] : undefined;
  if (!infer) throw new Error(`${describe(node)}: the shapes of operator ${node.opType} are not known`);
  return infer(node, inputs);
}
