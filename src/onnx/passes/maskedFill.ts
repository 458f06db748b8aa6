/** Rewrites the assignment of one number where a mask is true, which PyTorch's exporter writes through lists of indices. */

import { attribute, type Graph, type Node } from '../graph/graph.ts';
import { required, type Adapter } from '../opset/common.ts';
import { sizeOf } from '../graph/tensor.ts';

/** Domain and operator of the node that replaces the pattern until it is written: inputs x, mask, number. */
const domain = 'pinch';
const opType = 'MaskedFill';

/**
 * A graph's nodes with `x[mask] = number` as one node. The exporter has ScatterND(x, Transpose(NonZero(mask)), copies of the number),
 * whose index list is as long as the mask has true elements: a shape that depends on data.
 */
export function withMaskedFills(graph: Graph): readonly Node[] {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const producer = (name: string | undefined, operator: string): Node | undefined => {
    const found = producers.get(name ?? '');
    return found?.opType === operator ? found : undefined;
  };
  /** The one-element initializer or constant that a value repeats. */
  const repeated = (name: string): string | undefined => {
    const node = producers.get(name);
    const tensor = node?.opType === 'Constant' ? attribute(node, 'value', 'tensor') : graph.initializers.get(name);
    if (tensor) return sizeOf(tensor.dims) === 1 ? name : undefined;
    return node && repeating.has(node.opType) ? repeated(node.inputs[0] ?? '') : undefined;
  };
  return graph.nodes.map((node): Node => {
    const [x = '', indices, updates = ''] = node.inputs;
    if (node.opType !== 'ScatterND' || Object.hasOwn(node.attributes, 'reduction')) return node;
    const [mask] = producer(producer(indices, 'Transpose')?.inputs[0], 'NonZero')?.inputs ?? [];
    const number = repeated(updates);
    if (mask === undefined || number === undefined) return node;
    return { ...node, domain, opType, inputs: [x, mask, number], attributes: {} };
  });
}

const repeating: ReadonlySet<string> = new Set(['Expand', 'Reshape', 'Identity', 'Unsqueeze', 'Squeeze', 'Tile']);

/** Where(mask, number, x). A mask with fewer axes than x applies to whole rows. */
const maskedFill: Adapter = (a) => {
  const [x, mask, number] = [required(a, 0), required(a, 1), required(a, 2)];
  const rows = x.dims.slice(mask.dims.length).map(() => 1);
  const column = a.r.op('Reshape', [mask, a.r.b.ints([...mask.dims, ...rows])]);
  const condition = mask.type === 'bool' ? column : a.r.op('Cast', [column], { to: { type: 'int', value: 9 } });
  return [a.r.op('Where', [condition, a.r.op('Reshape', [number, a.r.b.ints([])]), x], {}, a.options)];
};

export const maskedFillAdapters = { [domain]: { [opType]: maskedFill } };
