/**
 * Writes a model node by node for inputs of any size. Unlike Builder, which knows every shape and so writes graphs for one size, it knows
 * no shapes; like PyTorch's exporter it names nodes by the module that they belong to.
 */

import type { Attributes, Dimension, Graph, Node, ValueInfo } from './graph.ts';
import { float32, int64, type DataType, type Tensor } from './tensor.ts';

/** The name of a value of the model. */
export type ValueName = string;

export class ModelBuilder {
  private readonly nodes: Node[] = [];
  private readonly inputs: ValueInfo[] = [];
  private readonly outputs: ValueInfo[] = [];
  private readonly constants = new Map<ValueName, Tensor>();
  /** How many nodes have a name already, by the name without a number. */
  private readonly taken = new Map<string, number>();

  input(name: ValueName, type: DataType, dims: readonly Dimension[]): ValueName {
    this.inputs.push({ name, type, dims });
    return name;
  }

  /** Makes a value an output of this exact name. */
  output(name: ValueName, value: ValueName, type: DataType, dims: readonly Dimension[]): void {
    this.nodes.push({ opType: 'Identity', domain: '', name, inputs: [value], outputs: [name], attributes: {} });
    this.outputs.push({ name, type, dims });
  }

  /**
   * Adds a node with `count` outputs.
   * @param module path of the node's module, its parts separated by `/`
   * @param inputs the empty string for one that is left out
   */
  ops(
    module: string,
    opType: string,
    inputs: readonly ValueName[],
    count: number,
    attributes: Attributes = {},
  ): ValueName[] {
    const name = this.unique(`${module === '' ? '' : `/${module}`}/${opType}`);
    const outputs = Array.from({ length: count }, (_, i) => `${name}_output_${i}`);
    this.nodes.push({ opType, domain: '', name, inputs, outputs, attributes });
    return outputs;
  }

  /** Adds a node with one output. */
  op(module: string, opType: string, inputs: readonly ValueName[], attributes: Attributes = {}): ValueName {
    const [output = ''] = this.ops(module, opType, inputs, 1, attributes);
    return output;
  }

  /** A one-dimensional int64 constant, for axes and shapes; equal ones are one. */
  ints(values: readonly number[]): ValueName {
    return this.constant(`/ints/${values.join('_')}`, () => int64(values));
  }

  /** An int64 scalar. */
  int(value: number): ValueName {
    return this.constant(`/int/${value}`, () => int64([value], []));
  }

  /** A float32 scalar. */
  scalar(value: number): ValueName {
    return this.constant(`/scalar/${value}`, () => ({ ...float32([value]), dims: [] }));
  }

  /** A constant by its name, made if there is none of this name. */
  constant(name: ValueName, make: () => Tensor): ValueName {
    if (!this.constants.has(name)) this.constants.set(name, make());
    return name;
  }

  /** The graph built so far, without its weights. */
  graph(name: string): Graph {
    const { nodes, inputs, outputs, constants } = this;
    return { name, nodes, inputs, outputs, initializers: constants };
  }

  private unique(name: string): string {
    const count = this.taken.get(name) ?? 0;
    this.taken.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  }
}
