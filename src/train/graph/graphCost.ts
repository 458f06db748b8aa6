/** What one run of a graph of fixed shapes takes, reckoned without running it. */

import type { Builder } from '../../onnx/builder.ts';
import type { ValueType } from '../../onnx/value.ts';
import { bytesPerElement, sizeOf } from '../../onnx/tensor.ts';

export interface GraphCost {
  /** Floating-point operations of matrix products and convolutions, which take nearly all of the time. */
  readonly operations: number;
  /** The most memory that values between the nodes take at once, in the order the nodes were written. */
  readonly bytes: number;
}

export function graphCost(b: Builder): GraphCost {
  const entries = [...b.operands];
  const lastUse = new Map<object, number>();
  entries.forEach(([, { inputs }], at) => {
    for (const input of inputs) if (input) lastUse.set(input, at);
  });
  const ending = new Map<number, number>();
  let operations = 0;
  let held = 0;
  let most = 0;
  entries.forEach(([node, { inputs, outputs }], at) => {
    for (const output of outputs) {
      const last = lastUse.get(output);
      // What nobody reads is a result, which is held elsewhere.
      if (last === undefined) continue;
      const bytes = bytesOf(output);
      held += bytes;
      ending.set(last, (ending.get(last) ?? 0) + bytes);
    }
    most = Math.max(most, held);
    held -= ending.get(at) ?? 0;
    operations += operationsOf(node.opType, inputs, outputs);
  });
  return { operations, bytes: most };
}

/** Each element of the output is a sum of products: twice as many operations as there are products. */
function operationsOf(
  opType: string,
  [left, right]: readonly (ValueType | undefined)[],
  [output]: readonly ValueType[],
): number {
  if (!left || !right || !output) return 0;
  const size = sizeOf(output.dims);
  switch (opType) {
    case 'MatMul':
      return 2 * size * (left.dims.at(-1) ?? 1);
    case 'Gemm':
      // Either side may be transposed; the shared length is what is left of the left side.
      return 2 * size * (sizeOf(left.dims) / (output.dims[0] ?? 1));
    case 'Conv':
      return 2 * size * sizeOf(right.dims.slice(1));
    case 'ConvTranspose':
      return 2 * sizeOf(left.dims) * sizeOf(right.dims.slice(1));
    default:
      return 0;
  }
}

function bytesOf({ type, dims }: ValueType): number {
  return sizeOf(dims) * bytesPerElement(type);
}
