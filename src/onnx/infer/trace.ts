/** Computes the types and shapes of all values of a model for inputs of certain sizes, node by node, including the elements of shape arithmetic. */

import { attribute, type Graph, type Model, type Node, type ValueInfo } from '../graph/graph.ts';
import { withMaskedFills } from '../passes/maskedFill.ts';
import { adapt } from '../opset/opset.ts';
import { Rewriter } from '../graph/rewriter.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Value } from '../graph/value.ts';

/** Values of the symbols in the inputs' shapes: for the first axis, and for any other. */
export interface TraceSizes {
  readonly batch: number;
  readonly length: number;
}

/** Longer float vectors are parameters, whose elements no shape depends on. */
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

  /** The known facts about a value; undefined if there are none. */
  value(name: string): Value | undefined {
    return this.values.get(name);
  }

  /** A stored tensor. For large float tensors, only the shape is read. */
  define(name: string, tensor: Tensor): void {
    const { type, dims } = tensor;
    const { b } = this.rewriter;
    const large = type.includes('float') && dims.reduce((product, dim) => product * dim, 1) > longestFloats;
    this.values.set(name, large ? b.input(`stored/${name}`, type, dims) : b.constant(tensor, name));
  }

  /** Computes a node's outputs. Outputs of unknown operators, and of nodes that read unknown values, stay unknown. */
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
      // Shapes do not fit or are unknown: the outputs are unknown, and a caller that needs them reports it.
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

  /** A symbol has one size everywhere. */
  private dimension({ dims, name }: ValueInfo, axis: number): number {
    const dim = dims?.[axis];
    if (typeof dim === 'number') return dim;
    const symbol = dim ?? `${name}/${axis}`;
    const size = this.symbols.get(symbol) ?? (axis === 0 ? this.sizes.batch : this.sizes.length);
    this.symbols.set(symbol, size);
    return size;
  }
}

/** A graph's nodes as traces read them, in the same positions. */
export const traceNodes = (graph: Graph): readonly Node[] => withMaskedFills(graph);
