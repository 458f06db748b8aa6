/** The types and shapes of all values of a model for inputs of certain sizes, node by node, with the elements of shape arithmetic. */

import { attribute, type Graph, type Model, type Node, type ValueInfo } from '../graph/graph.ts';
import { withMaskedFills } from '../passes/maskedFill.ts';
import { adapt } from '../opset/opset.ts';
import { Rewriter } from '../graph/rewriter.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Value } from '../graph/value.ts';

/** What stands for the symbols of the inputs' shapes: for their first axis, and for any other. */
export interface TraceSizes {
  readonly batch: number;
  readonly length: number;
}

/** Vectors of more floats are parameters, whose elements no shape depends on. */
const longestFloats = 4;

export class Trace {
  private readonly model: Model;
  private readonly rewriter = new Rewriter({});
  private readonly values = new Map<string, Value>();
  private readonly sizes: TraceSizes;
  private readonly symbols = new Map<string, number>();

  constructor(model: Model, sizes: TraceSizes) {
    this.model = model;
    this.sizes = sizes;
    for (const input of model.graph.inputs) {
      if (!input.dims || input.sequence) continue;
      const dims = input.dims.map((_, axis) => this.dimension(input, axis));
      this.values.set(input.name, this.rewriter.b.input(input.name, input.type, dims));
    }
    for (const [name, tensor] of model.graph.initializers) this.define(name, tensor);
  }

  /** What is known of a value; undefined if nothing is. */
  value(name: string): Value | undefined {
    return this.values.get(name);
  }

  /** A stored tensor. Of large ones of floats only the shape is looked at. */
  define(name: string, tensor: Tensor): void {
    const { type, dims } = tensor;
    const { b } = this.rewriter;
    const large = type.includes('float') && dims.reduce((product, dim) => product * dim, 1) > longestFloats;
    this.values.set(name, large ? b.input(`stored/${name}`, type, dims) : b.constant(tensor, name));
  }

  /** Works out a node's outputs. Those of operators that Pinch does not know, or that read such outputs, stay unknown. */
  add(node: Node): void {
    const operands = node.inputs.map((name) => this.values.get(name));
    if (node.inputs.some((name, i) => name !== '' && !operands[i])) return;
    try {
      const outputs =
        node.opType === 'If' ? this.branch(node, operands[0]) : adapt(this.rewriter, node, operands, this.model.opsets);
      node.outputs.forEach((name, i) => {
        const output = outputs[i];
        if (name !== '' && output) this.values.set(name, output);
      });
    } catch {
      // Shapes that do not fit or are not known: the outputs are unknown, and who needs them says so.
    }
  }

  private branch(node: Node, condition: Value | undefined): (Value | undefined)[] {
    const decided = this.rewriter.uniform(condition);
    if (decided === undefined) return [];
    const branch = attribute(node, decided === 0 ? 'else_branch' : 'then_branch', 'graph');
    if (!branch) return [];
    for (const [name, tensor] of branch.initializers) this.define(name, tensor);
    for (const inner of branch.nodes) this.add(inner);
    return branch.outputs.map(({ name }) => this.values.get(name));
  }

  /** A symbol has one size wherever it stands. */
  private dimension({ dims, name }: ValueInfo, axis: number): number {
    const dim = dims?.[axis];
    if (typeof dim === 'number') return dim;
    const symbol = dim ?? `${name}/${axis}`;
    const size = this.symbols.get(symbol) ?? (axis === 0 ? this.sizes.batch : this.sizes.length);
    this.symbols.set(symbol, size);
    return size;
  }
}

/** A graph's nodes as traces read them, in the same places. */
export const traceNodes = (graph: Graph): readonly Node[] => withMaskedFills(graph);
