/** Evaluates nodes with constant inputs while building: shapes, axes, index arithmetic. One function per operator. */

import type { Operand, ValueType } from '../graph/value.ts';
import { arithmetic } from './arithmetic.ts';
import { casts } from './cast.ts';
import type { EvaluatorTable, Known } from './common.ts';
import { indexing } from './indexing.ts';
import { movement } from './movement.ts';
import { reduction } from './reduction.ts';
import { intAttribute, type Node } from '../graph/graph.ts';
import { int64, sizeOf, type Tensor } from '../graph/tensor.ts';

const table: EvaluatorTable = { ...arithmetic, ...casts, ...movement, ...indexing, ...reduction };

/**
 * The outputs' elements, or undefined if the node must stay in the graph. Integers are exactly onnxruntime's results; floats are rounded to
 * their type after each operator.
 */
export function evaluate(
  node: Node,
  inputs: readonly Operand[],
  outputs: readonly ValueType[],
): readonly Tensor[] | undefined {
  if (node.domain !== '') return undefined;
  const dims = inputs[0]?.dims ?? [];
  if (node.opType === 'Shape') {
    return [int64(dims.slice(intAttribute(node, 'start', 0), intAttribute(node, 'end', dims.length)))];
  }
  if (node.opType === 'Size') return [int64([sizeOf(dims)], [])];
  if (inputs.some((input) => input && !input.constant)) return undefined;
  const known: Known = { node, inputs: inputs.map((input) => input?.constant), outputs };
  if (node.opType === 'Split') return split(known);
  if (outputs.length !== 1) return undefined;
  const tensor = Object.hasOwn(table, node.opType) ? table[node.opType]?.(known) : undefined;
  return tensor && [tensor];
}

/** Split is the only operator with several outputs in shape arithmetic: a Slice for every piece. */
function split({ node, inputs, outputs }: Known): readonly Tensor[] | undefined {
  const wanted = intAttribute(node, 'axis', 0);
  const axis = wanted < 0 ? wanted + (inputs[0]?.dims.length ?? 0) : wanted;
  let start = 0;
  const pieces = outputs.map((output) => {
    const end = start + (output.dims[axis] ?? 0);
    const cut = { ...node, opType: 'Slice', attributes: {} };
    const piece = table['Slice']?.({
      node: cut,
      inputs: [inputs[0], int64([start]), int64([end]), int64([axis])],
      outputs: [output],
    });
    start = end;
    return piece;
  });
  return pieces.every((piece) => piece !== undefined) ? pieces : undefined;
}
