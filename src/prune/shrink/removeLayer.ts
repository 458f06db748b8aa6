/** Removes a layer whose groups are all dead from a graph, if the rest can do without it. */

import { floatAttribute, type Graph, type Node } from '../../onnx/graph/graph.ts';
import { namesWithin, withoutUnread } from '../../onnx/graph/subgraphs.ts';

export interface RemovedLayer {
  readonly nodes: readonly Node[];
  /** Values that have become smaller and now broadcast in the additions that read them. */
  readonly broadcasting: ReadonlySet<string>;
}

/** The new form of a value: only zeros, a vector that broadcasts to the old shape, or another value of the same shape. */
type Remains =
  | { readonly kind: 'zero' }
  | { readonly kind: 'vector'; readonly name: string }
  | { readonly kind: 'same'; readonly name: string };

/** Operators that return zeros for a zero input, whatever the other inputs and the shape. */
const zeroToZero: ReadonlySet<string> = new Set([
  ...['Identity', 'Dropout', 'Cast', 'Mul', 'Neg', 'Transpose', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Slice'],
]);

/**
 * The graph without the layer: the products that sum over its groups give zeros, so only their biases are added. Undefined if the zeros are used in
 * anything but a sum, or if the layer's own tensors are still read.
 * @param sinks the outputs of the products.
 * @param tensors the layer's own stored tensors.
 * @param dimsOf the shape of each value for inputs of some size.
 */
export function removeLayer(
  { outputs }: Pick<Graph, 'outputs'>,
  nodes: readonly Node[],
  sinks: ReadonlySet<string>,
  tensors: ReadonlySet<string>,
  dimsOf: (name: string) => readonly number[] | undefined,
): RemovedLayer | undefined {
  const fixed = new Set(outputs.map(({ name }) => name));
  const remover = new LayerRemover(sinks, fixed, dimsOf);
  if (!nodes.every((node) => remover.take(node))) return undefined;
  const needed = withoutUnread(remover.kept, fixed);
  const readStill = needed.some((node) => [...node.inputs, ...namesWithin(node)].some((name) => tensors.has(name)));
  return readStill ? undefined : { nodes: needed, broadcasting: remover.broadcasting };
}

/** The new form of a node. */
interface Found {
  /** The new form of the node's output; undefined if it is unchanged. */
  readonly remains?: Remains;
  /** The node, if it stays. */
  readonly written?: Node;
}

/** Goes through a graph's nodes in order, and simplifies each by the layer's zeros. */
class LayerRemover {
  readonly kept: Node[] = [];
  /** Values that have become vectors although their nodes stay. */
  readonly broadcasting = new Set<string>();
  private readonly remains = new Map<string, Remains>();
  private readonly sinks: ReadonlySet<string>;
  private readonly fixed: ReadonlySet<string>;
  private readonly dimsOf: (name: string) => readonly number[] | undefined;

  /** @param fixed the graph's outputs, whose names and shapes stay. */
  constructor(
    sinks: ReadonlySet<string>,
    fixed: ReadonlySet<string>,
    dimsOf: (name: string) => readonly number[] | undefined,
  ) {
    this.sinks = sinks;
    this.fixed = fixed;
    this.dimsOf = dimsOf;
  }

  /** @returns false if the node needs the layer's output. */
  take(node: Node): boolean {
    const [output = ''] = node.outputs;
    if (namesWithin(node).some((name) => this.remains.has(name))) return false;
    const isSink = this.sinks.has(output);
    if (!isSink && !node.inputs.some((name) => this.remains.has(name))) {
      this.kept.push(node);
      return true;
    }
    const found = isSink ? ofProduct(node) : this.whatRemains(node);
    if (!found || node.outputs.slice(1).some((name) => name !== '')) return false;
    if (found.written) this.kept.push(found.written);
    const { remains } = found;
    if (!remains) return true;
    if (!this.fixed.has(output)) this.remains.set(output, remains);
    else if (remains.kind !== 'same') return false;
    else this.kept.push({ ...node, opType: 'Identity', inputs: [remains.name], attributes: {} });
    return true;
  }

  private whatRemains(node: Node): Found | undefined {
    const { remains } = this;
    const [first, second] = node.inputs.map((name) => remains.get(name));
    const held = [first, second].filter((value) => value !== undefined);
    // Aliases alone only change names.
    if (node.inputs.every((name) => (remains.get(name)?.kind ?? 'same') === 'same')) {
      return { written: this.renamed(node) };
    }
    if (node.inputs.slice(2).some((name) => remains.has(name))) return undefined;
    if (node.opType === 'Add') return this.ofSum(node, held);
    if (first?.kind === 'zero' && (zeroToZero.has(node.opType) || node.opType === 'Div')) return { remains: first };
    if (second?.kind === 'zero' && node.opType === 'Mul') return { remains: second };
    const vector = held.find(({ kind }) => kind === 'vector');
    if (!vector) return undefined;
    if (['Identity', 'Dropout'].includes(node.opType)) return { remains: vector };
    const scaled = ['Mul', 'Div'].includes(node.opType) && first === vector && this.isScalar(node.inputs[1] ?? '');
    const turned = node.opType === 'Mul' && second === vector && this.isScalar(node.inputs[0] ?? '');
    return scaled || turned ? this.slimmer(node) : undefined;
  }

  private ofSum(node: Node, held: readonly Remains[]): Found | undefined {
    const { remains, dimsOf } = this;
    const whole = dimsOf(node.outputs[0] ?? '');
    if (!whole) return undefined;
    const other = node.inputs.find((name) => remains.get(name)?.kind !== 'zero');
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
    return stretched ? { written: this.renamed(node) } : this.slimmer(node);
  }

  /** The node now computes with the vector, and returns a vector. */
  private slimmer(node: Node): Found {
    const [output = ''] = node.outputs;
    this.broadcasting.add(output);
    return { written: this.renamed(node), remains: { kind: 'vector', name: output } };
  }

  private renamed(node: Node): Node {
    const inputs = node.inputs.map((name) => {
      const value = this.remains.get(name);
      return value && value.kind !== 'zero' ? value.name : name;
    });
    return { ...node, inputs };
  }

  private isScalar(name: string): boolean {
    return !this.remains.has(name) && this.dimsOf(name)?.every((dim) => dim === 1) === true;
  }
}

/** The products give zeros, so only an added bias remains. */
function ofProduct(node: Node): Found | undefined {
  const bias = node.inputs[2];
  if (!bias) return { remains: { kind: 'zero' } };
  // The bias of a convolution broadcasts along another axis than a vector.
  return node.opType === 'Gemm' && floatAttribute(node, 'beta', 1) === 1
    ? { remains: { kind: 'vector', name: bias } }
    : undefined;
}
