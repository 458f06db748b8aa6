/** Takes a layer without any groups left out of a graph, where what follows can do without it. */

import { floatAttribute, type Graph, type Node } from '../../onnx/graph/graph.ts';
import { namesWithin, withoutUnread } from '../../onnx/graph/subgraphs.ts';

export interface Removal {
  readonly nodes: readonly Node[];
  /** Values that are now smaller than they were, and stretch over what they are added to. */
  readonly slim: ReadonlySet<string>;
}

/** What a value has become: nothing but zeros, a vector that stretches over the old shape, or another value of the same shape. */
type Remains =
  | { readonly kind: 'zero' }
  | { readonly kind: 'vector'; readonly name: string }
  | { readonly kind: 'same'; readonly name: string };

/** Operators that make zeros of zeros, whatever else they read and whatever the shape. */
const zeroToZero: ReadonlySet<string> = new Set([
  ...['Identity', 'Dropout', 'Cast', 'Mul', 'Neg', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Slice'],
]);

/**
 * The graph without the layer: the products that sum over its groups give zeros, so that only their biases are left to add. Undefined
 * if something else is made of the zeros than a sum, or if the layer's own tensors are still read.
 * @param sinks what the products give.
 * @param tensors the layer's own stored tensors.
 * @param dimsOf the shape of each value for inputs of some size.
 */
export function removeLayer(
  { outputs }: Pick<Graph, 'outputs'>,
  nodes: readonly Node[],
  sinks: ReadonlySet<string>,
  tensors: ReadonlySet<string>,
  dimsOf: (name: string) => readonly number[] | undefined,
): Removal | undefined {
  const remains = new Map<string, Remains>();
  const slim = new Set<string>();
  const fixed = new Set(outputs.map(({ name }) => name));
  const kept: Node[] = [];
  for (const node of nodes) {
    const [output = ''] = node.outputs;
    const touched = node.inputs.some((name) => remains.has(name));
    const isSink = sinks.has(output);
    if (namesWithin(node).some((name) => remains.has(name))) return undefined;
    if (!isSink && !touched) {
      kept.push(node);
      continue;
    }
    const found = isSink ? ofProduct(node) : whatRemains(node);
    if (!found || node.outputs.slice(1).some((name) => name !== '')) return undefined;
    if (found.written) kept.push(found.written);
    if (!found.remains) continue;
    if (found.remains.kind !== 'same' && fixed.has(output)) return undefined;
    if (found.remains.kind === 'same' && fixed.has(output)) {
      kept.push({ ...node, opType: 'Identity', inputs: [found.remains.name], attributes: {} });
    } else remains.set(output, found.remains);
  }
  const needed = withoutUnread(kept, fixed);
  const readStill = needed.some((node) => [...node.inputs, ...namesWithin(node)].some((name) => tensors.has(name)));
  return readStill ? undefined : { nodes: needed, slim };

  interface Found {
    /** What the node's output is from now on; undefined if it is what it was. */
    readonly remains?: Remains;
    /** The node, if it stays. */
    readonly written?: Node;
  }

  function ofProduct(node: Node): Found | undefined {
    const bias = node.inputs[2];
    if (!bias) return { remains: { kind: 'zero' } };
    // The bias of a convolution stretches along another axis than a vector does.
    return node.opType === 'Gemm' && floatAttribute(node, 'beta', 1) === 1
      ? { remains: { kind: 'vector', name: bias } }
      : undefined;
  }

  function whatRemains(node: Node): Found | undefined {
    const [first, second] = node.inputs.map((name) => remains.get(name));
    const held = [first, second].filter((value) => value !== undefined);
    // Aliases alone change nothing but names.
    if (node.inputs.every((name) => (remains.get(name)?.kind ?? 'same') === 'same')) return { written: renamed(node) };
    if (node.inputs.slice(2).some((name) => remains.has(name))) return undefined;
    if (node.opType === 'Add') return ofSum(node, held);
    if (first?.kind === 'zero' && (zeroToZero.has(node.opType) || node.opType === 'Div')) return { remains: first };
    if (second?.kind === 'zero' && node.opType === 'Mul') return { remains: second };
    const vector = held.find(({ kind }) => kind === 'vector');
    if (!vector) return undefined;
    if (['Identity', 'Dropout'].includes(node.opType)) return { remains: vector };
    const scaled = ['Mul', 'Div'].includes(node.opType) && first === vector && isScalar(node.inputs[1] ?? '');
    const turned = node.opType === 'Mul' && second === vector && isScalar(node.inputs[0] ?? '');
    return scaled || turned ? slimmer(node) : undefined;
  }

  function ofSum(node: Node, held: readonly Remains[]): Found | undefined {
    const whole = dimsOf(node.outputs[0] ?? '');
    if (!whole) return undefined;
    const isZero = (name: string): boolean => remains.get(name)?.kind === 'zero';
    const other = node.inputs.find((name) => !isZero(name));
    if (held.some(({ kind }) => kind === 'zero')) {
      if (other === undefined) return { remains: { kind: 'zero' } };
      const known = remains.get(other);
      if (known) return { remains: known };
      const fits = dimsOf(other)?.join() === whole.join();
      return { remains: { kind: fits ? 'same' : 'vector', name: other } };
    }
    const stretched = node.inputs.some((name) => {
      const known = remains.get(name);
      const value = known?.kind === 'same' ? known.name : name;
      return known?.kind !== 'vector' && dimsOf(value)?.join() === whole.join();
    });
    return stretched ? { written: renamed(node) } : slimmer(node);
  }

  /** The node computes with the vector from now on, and gives a vector. */
  function slimmer(node: Node): Found {
    const [output = ''] = node.outputs;
    slim.add(output);
    return { written: renamed(node), remains: { kind: 'vector', name: output } };
  }

  function renamed(node: Node): Node {
    const inputs = node.inputs.map((name) => {
      const value = remains.get(name);
      return value && value.kind !== 'zero' ? value.name : name;
    });
    return { ...node, inputs };
  }

  function isScalar(name: string): boolean {
    return !remains.has(name) && dimsOf(name)?.every((dim) => dim === 1) === true;
  }
}
