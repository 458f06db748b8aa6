/** Removes the NaN guard that PyTorch's exporter puts behind a softmax. */

import type { Operand } from '../graph/value.ts';
import type { Rewriter, Simplification } from '../graph/rewriter.ts';
import { toNumbers } from '../graph/tensor.ts';

/**
 * Where(IsNaN(softmax), 0, softmax) protects rows that are completely masked. If no −∞ (or a number so low that a sum may overflow to it) enters
 * the scores, there is no such row and the guard equals the softmax.
 */
export const needlessGuard: Simplification = (r, { inputs }) => {
  const [condition, zero, softmax] = inputs;
  const guarded = r.producer(condition, 'IsNaN')?.inputs[0];
  const scores = r.producer(softmax, 'Softmax')?.inputs[0];
  if (!scores || guarded !== softmax || r.uniform(zero) !== 0) return undefined;
  return mayMask(r, scores, 32) ? undefined : softmax;
};

/** Operators whose output holds numbers of their inputs, or sums and products of them: a mask passes through. */
const passing = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Neg', 'Where', 'Min', 'Max', 'Clip', 'Cast', 'Sum'],
  ...['Reshape', 'Transpose', 'Expand', 'Slice', 'Concat', 'Gather', 'Tile', 'Pad', 'Log'],
];

/** Other operators, such as a matrix product, compute with activations and weights, which are finite in a sound training run. */
function mayMask(r: Rewriter, value: Operand, depth: number): boolean {
  if (!value) return false;
  if (depth === 0) return true;
  const uniform = r.uniform(value);
  if (uniform !== undefined) return isHuge(uniform);
  if (value.constant) return toNumbers(value.constant).some(isHuge);
  for (const opType of passing) {
    const found = r.producer(value, opType);
    if (found) return opType === 'Log' || found.inputs.some((input) => mayMask(r, input, depth - 1));
  }
  return r.isFed(value);
}

const isHuge = (element: number): boolean => !(Math.abs(element) < 1e30);
