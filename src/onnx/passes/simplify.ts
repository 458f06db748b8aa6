/** Removes nodes whose result is known for inputs of any size, and writes GELU in the form that runtimes fuse. */

import { always, valueRanges, type ValueRange } from '../infer/valueRanges.ts';
import type { Graph, Node } from '../graph/graph.ts';
import type { ModelFile } from '../file/load.ts';
import { rewriteFile } from '../file/rewriteFile.ts';
import { namesWithin, withoutUnread } from '../graph/subgraphs.ts';
import { Trace, traceNodes } from '../infer/trace.ts';

/** A property of two values that holds for both input sizes is taken to hold for any. */
const sizes = [
  { batch: 3, length: 50423 },
  { batch: 5, length: 61331 },
];

/**
 * The same model without
 *   - sums with a mask that is zero everywhere, which exporters leave of absent attention masks,
 *   - Where(IsNaN(softmax), 0, softmax) behind scores without a mask, and
 *   - 0.5 · (1 + erf) in front of the product with x: the factor 0.5 moves to the end, which onnxruntime has in one operator.
 * The result is the same to the last bit for finite numbers.
 * @param varying stored tensors whose elements will change, such as those in training: their present zeros are not removed.
 */
export function simplify(file: ModelFile, varying: ReadonlySet<string> = new Set()): ModelFile {
  const { graph } = file.model;
  const tidied = new Tidy(graph, sameShapes(file), varying).nodes();
  if (tidied.every((node, i) => node === graph.nodes[i])) return file;
  const read = withoutUnread(
    tidied,
    graph.outputs.map(({ name }) => name),
  );
  return rewriteFile(file, read, new Map());
}

/** Whether two values are known to have the same shape. */
function sameShapes({ model }: ModelFile): (a: string, b: string) => boolean {
  const nodes = traceNodes(model.graph);
  const traces = sizes.map((size) => {
    const trace = new Trace(model, size);
    for (const node of nodes) trace.add(node);
    return trace;
  });
  return (a, b) =>
    traces.every((trace) => {
      const [left, right] = [trace.value(a), trace.value(b)];
      return left !== undefined && right !== undefined && left.dims.join() === right.dims.join();
    });
}

class Tidy {
  private readonly graph: Graph;
  private readonly sameShape: (a: string, b: string) => boolean;
  private readonly bounds: ReadonlyMap<string, ValueRange>;
  /** Values that must keep their name. */
  private readonly fixed: ReadonlySet<string>;
  private readonly reads = new Map<string, number>();
  private readonly made = new Map<string, Node>();
  /** The value to read in place of another. */
  private readonly aliases = new Map<string, string>();

  constructor(graph: Graph, sameShape: (a: string, b: string) => boolean, varying: ReadonlySet<string>) {
    this.graph = graph;
    this.sameShape = sameShape;
    this.bounds = valueRanges(graph, varying);
    this.fixed = new Set([...graph.outputs.map(({ name }) => name), ...graph.nodes.flatMap(namesWithin)]);
    for (const name of graph.nodes.flatMap(({ inputs }) => inputs))
      this.reads.set(name, (this.reads.get(name) ?? 0) + 1);
  }

  nodes(): Node[] {
    const written: Node[] = [];
    for (const original of this.graph.nodes) {
      const node = this.renamed(original);
      const [output] = node.outputs;
      const same = output === undefined || this.fixed.has(output) ? undefined : this.equalTo(node);
      if (output !== undefined && same !== undefined && this.sameShape(same, output)) {
        this.aliases.set(output, same);
        continue;
      }
      written.push(node);
      for (const name of node.outputs) this.made.set(name, node);
      const spelled = this.halvedAtLast(node);
      if (!spelled) continue;
      const [product, half] = spelled;
      written.splice(written.indexOf(product.from), 1);
      written.splice(-1, 1, product.to, half);
      for (const one of [product.to, half]) for (const name of one.outputs) this.made.set(name, one);
    }
    return written;
  }

  private renamed(node: Node): Node {
    if (!node.inputs.some((name) => this.aliases.has(name))) return node;
    return { ...node, inputs: node.inputs.map((name) => this.aliases.get(name) ?? name) };
  }

  /** The value that a node only repeats, perhaps in another shape. */
  private equalTo({ opType, domain, inputs: [first = '', second = '', third = ''] }: Node): string | undefined {
    if (domain !== '') return undefined;
    if (opType === 'Add') {
      if (this.isAlways(second, 0)) return first;
      return this.isAlways(first, 0) ? second : undefined;
    }
    if (opType !== 'Where') return undefined;
    const guarded = this.producer(first, 'IsNaN')?.inputs[0] === third && this.isAlways(second, 0);
    const scores = guarded ? this.producer(third, 'Softmax')?.inputs[0] : undefined;
    return scores !== undefined && this.isUnmasked(scores) ? third : undefined;
  }

  /** Whether scores are a product of activations, with nothing added to them. */
  private isUnmasked(scores: string): boolean {
    const node = this.made.get(scores);
    if (node?.domain !== '') return false;
    if (node.opType === 'MatMul' || node.opType === 'Einsum') return true;
    const [first = '', second = ''] = node.inputs;
    if (node.opType === 'Transpose' || node.opType === 'Reshape') return this.isUnmasked(first);
    if (node.opType !== 'Mul' && node.opType !== 'Div') return false;
    const factor = this.bounds.get(second);
    return factor !== undefined && factor.low > 1e-30 && factor.high < 1e30 && this.isUnmasked(first);
  }

  /**
   * From h = 0.5 · (1 + erf …), y = x · h to h = x · (1 + erf …), y = h · 0.5: halving is exact.
   * @returns the first product, which moves behind x, and the new form of y's node
   */
  private halvedAtLast(node: Node): readonly [{ readonly from: Node; readonly to: Node }, Node] | undefined {
    if (node.opType !== 'Mul' || node.domain !== '') return undefined;
    for (const [x = '', h = ''] of [node.inputs, node.inputs.toReversed()]) {
      const product = this.producer(h, 'Mul');
      if (!product || this.reads.get(h) !== 1 || this.fixed.has(h)) continue;
      for (const [half = '', sum = ''] of [product.inputs, product.inputs.toReversed()]) {
        const plusOne = this.isAlways(half, 0.5) ? this.producer(sum, 'Add') : undefined;
        if (!plusOne?.inputs.some((name) => this.producer(name, 'Erf'))) continue;
        if (!plusOne.inputs.some((name) => this.isAlways(name, 1)) || !this.sameShape(x, sum)) continue;
        return [
          { from: product, to: { ...product, inputs: [x, sum] } },
          { ...node, inputs: [h, half] },
        ];
      }
    }
    return undefined;
  }

  private isAlways(name: string, value: number): boolean {
    const bounds = this.bounds.get(name);
    return bounds !== undefined && always(bounds, value);
  }

  private producer(name: string, opType: string): Node | undefined {
    const node = this.made.get(name);
    return node?.opType === opType && node.domain === '' ? node : undefined;
  }
}
