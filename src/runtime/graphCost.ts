/** Estimates the cost of one run of a graph of fixed shapes, without running it. */

import type { Builder } from '../onnx/graph/builder.ts';
import { stringAttribute, type Node } from '../onnx/graph/graph.ts';
import { parseEinsum } from '../onnx/infer/einsum.ts';
import type { ValueType } from '../onnx/graph/value.ts';
import { bytesPerElement, sizeOf } from '../onnx/graph/tensor.ts';

export interface GraphCost {
  /** Floating-point operations of matrix products and convolutions, which take most of the time. */
  readonly operations: number;
  /** Bytes that all other operators read and write, which take the rest of the time. */
  readonly traffic: number;
  /** Number of executed nodes; those in bodies of Scans count once per round. In small batches, starting them takes longer than their work. */
  readonly nodes: number;
  /** Number of those in the bodies of Scans, whose rounds grow with the audio's length. */
  readonly repeated: number;
  /** Peak memory of the values between nodes, in the order in which the nodes were written. */
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
  let traffic = 0;
  let nodes = 0;
  let repeated = 0;
  let held = 0;
  let most = 0;
  entries.forEach(([node, { inputs, outputs }], at) => {
    for (const output of outputs) {
      const last = lastUse.get(output);
      // A value without reader is an output, whose memory is counted elsewhere.
      if (last === undefined) continue;
      const bytes = bytesOf(output);
      held += bytes;
      ending.set(last, (ending.get(last) ?? 0) + bytes);
    }
    most = Math.max(most, held);
    held -= ending.get(at) ?? 0;
    if (!sameBytes.has(node.opType)) nodes += 1;
    repeated += repeatedNodes(node, inputs);
    const own = operationsOf(node, inputs, outputs);
    operations += own;
    if (own === 0 && !sameBytes.has(node.opType)) traffic += trafficOf(inputs, outputs);
  });
  return { operations, traffic, nodes: nodes + repeated, repeated, bytes: most };
}

/** Operators whose results are their inputs' bytes in another shape. */
const sameBytes: ReadonlySet<string> = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity', 'Constant']);

/** A Scan's last inputs are scanned along their first axis; its body runs once for each element of it. */
function repeatedNodes(node: Node, inputs: readonly (ValueType | undefined)[]): number {
  const body = node.attributes['body'];
  if (node.opType !== 'Scan' || body?.type !== 'graph') return 0;
  return (inputs.at(-1)?.dims[0] ?? 0) * body.value.nodes.length;
}

function trafficOf(inputs: readonly (ValueType | undefined)[], outputs: readonly ValueType[]): number {
  return [...inputs, ...outputs].reduce((sum, value) => sum + (value ? bytesOf(value) : 0), 0);
}

/** Each element of the output is a sum of products: two operations per product. */
function operationsOf(node: Node, inputs: readonly (ValueType | undefined)[], [output]: readonly ValueType[]): number {
  const [left, right] = inputs;
  if (!left || !right || !output) return 0;
  const size = sizeOf(output.dims);
  switch (node.opType) {
    case 'MatMul':
      return 2 * size * (left.dims.at(-1) ?? 1);
    case 'Gemm':
      // Either side may be transposed; the shared length is the rest of the left side.
      return 2 * size * (sizeOf(left.dims) / (output.dims[0] ?? 1));
    case 'Conv':
      return 2 * size * sizeOf(right.dims.slice(1));
    case 'ConvTranspose':
      return 2 * sizeOf(left.dims) * sizeOf(right.dims.slice(1));
    case 'Einsum':
      return einsumOperations(
        stringAttribute(node, 'equation', ''),
        inputs.map((input) => input?.dims ?? []),
      );
    default:
      return 0;
  }
}

/** Each combination of the letters' values is a product, as if all inputs were multiplied at once. Exporters use two inputs. */
function einsumOperations(equation: string, shapes: readonly (readonly number[])[]): number {
  const sizes = new Map<string, number>();
  for (const [input, labels] of parseEinsum(equation, shapes).terms.entries()) {
    for (const [axis, label] of labels.entries()) {
      // An axis of 1 is repeated along the other input's.
      sizes.set(label, Math.max(sizes.get(label) ?? 1, shapes[input]?.[axis] ?? 1));
    }
  }
  return 2 * sizeOf([...sizes.values()]);
}

function bytesOf({ type, dims }: ValueType): number {
  return sizeOf(dims) * bytesPerElement(type);
}
