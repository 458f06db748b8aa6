/**
 * Builds a graph node by node. The builder owns every name, knows every value's type and shape, and evaluates shape arithmetic at once, so that
 * its graph always has known shapes.
 */

import { evaluate } from '../folding/evaluate.ts';
import { int, type Attributes, type Graph, type Node, type ValueInfo } from './graph.ts';
import { inferTypes } from '../infer/infer.ts';
import { float32, int64, sizeOf, type DataType, type Tensor } from './tensor.ts';
import type { Operand, Value, ValueType } from './value.ts';

export interface NodeOptions {
  readonly name?: string;
  readonly domain?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Wanted names of the outputs; made unique if they are taken. */
  readonly outputNames?: readonly string[];
}

/** Constants up to this many elements are evaluated while building; larger ones are left to onnxruntime. */
const largestFolded = 1 << 16;

class Names {
  private readonly taken = new Map<string, number>();

  /** `wanted` itself the first time, then with a number appended. */
  unique(wanted: string): string {
    const count = this.taken.get(wanted);
    if (count === undefined) {
      this.taken.set(wanted, 1);
      return wanted;
    }
    for (let next = count; ; next++) {
      const name = `${wanted}_${next}`;
      if (!this.taken.has(name)) {
        this.taken.set(wanted, next + 1);
        this.taken.set(name, 1);
        return name;
      }
    }
  }
}

export class Builder {
  readonly nodes: Node[] = [];
  /** The values that each node reads and writes, in the order of `nodes`. */
  readonly operands = new Map<Node, { readonly inputs: readonly Operand[]; readonly outputs: readonly Value[] }>();

  private readonly inputs: Value[] = [];
  private readonly outputs: Value[] = [];
  private readonly initializers = new Map<string, Tensor>();
  private readonly scalars = new Map<string, Value>();
  private readonly names: Names;
  private readonly outer: Builder | undefined;
  private prefix = '';

  /** @param outer the builder of the enclosing graph, for the body of a Scan: names are shared. */
  constructor(outer?: Builder) {
    this.outer = outer;
    this.names = outer ? outer.names : new Names();
  }

  /** Names made inside `body` start with `prefix/`. */
  scope<T>(prefix: string, body: () => T): T {
    const before = this.prefix;
    this.prefix = before === '' ? `${prefix}/` : `${before}${prefix}/`;
    try {
      return body();
    } finally {
      this.prefix = before;
    }
  }

  /** A graph input. Its name is unchanged. @throws if the name is taken. */
  input(name: string, type: DataType, dims: readonly number[]): Value {
    if (this.names.unique(name) !== name) throw new Error(`the graph has two values named "${name}"`);
    return this.declare({ name, type, dims });
  }

  /** Makes a value a graph output. With a name, through an Identity, so that the name is exact. */
  output(value: Value, name?: string): Value {
    const out =
      name === undefined || name === value.name
        ? this.materialize(value)
        : this.op('Identity', [value], {}, { outputNames: [name] });
    if (name !== undefined && out.name !== name) throw new Error(`the graph has two values named "${name}"`);
    this.outputs.push(out);
    return out;
  }

  /** A constant. It enters the graph when a node first reads it. */
  constant(tensor: Tensor, name = 'constant'): Value {
    return { name: this.names.unique(this.prefix + name), type: tensor.type, dims: tensor.dims, constant: tensor };
  }

  /** A float32 scalar; equal scalars are one value. */
  scalar(value: number): Value {
    return this.shared(`f${value}`, () => this.constant({ ...float32([value]), dims: [] }, 'scalar'));
  }

  /** A one-dimensional int64 constant, for axes and shapes. */
  ints(values: readonly number[]): Value {
    return this.shared(`i${values.join(',')}`, () => this.constant(int64(values), 'ints'));
  }

  /** An int64 scalar. */
  int(value: number): Value {
    return this.shared(`s${value}`, () => this.constant(int64([value], []), 'int'));
  }

  /** Adds a node with one output and returns that output; a constant if it can be evaluated now. */
  op(opType: string, inputs: readonly Operand[], attributes: Attributes = {}, options: NodeOptions = {}): Value {
    const [value] = this.ops(opType, inputs, 1, attributes, options);
    if (value === undefined) throw new Error(`${opType} gave no output`);
    return value;
  }

  /**
   * Adds a node with `count` outputs. An output with an empty wanted name is omitted.
   * @throws if the operator's shapes do not fit, or are unknown to Pinch.
   */
  ops(
    opType: string,
    inputs: readonly Operand[],
    count: number,
    attributes: Attributes = {},
    options: NodeOptions = {},
  ): Value[] {
    const node: Node = {
      opType,
      domain: options.domain ?? '',
      name: this.names.unique(this.prefix + (options.name ?? opType)),
      inputs: inputs.map((input) => input?.name ?? ''),
      outputs: Array.from({ length: count }, (_, i) => this.outputName(opType, i, count, options.outputNames?.[i])),
      attributes,
      ...(options.metadata ? { metadata: options.metadata } : {}),
    };
    const types = inferTypes(node, inputs);
    const values = node.outputs.map((name, i): Value => {
      const type = types[i];
      if (type === undefined) throw new Error(`${opType} "${node.name}" has no output ${i}`);
      return { name, ...type };
    });
    const small = values.every((value) => sizeOf(value.dims) <= largestFolded);
    const folded = small ? evaluate(node, inputs, values) : undefined;
    if (folded) return values.map((value, i) => ({ ...value, constant: folded[i] as Tensor }));
    this.append(node, inputs, values);
    return values;
  }

  /**
   * A Scan over axis 0 of `scanned`: `body` sees one slice at a time (without that axis) and the carried values.
   * It returns the next carried values and the slices of the outputs, which are stacked along a new axis 0.
   */
  scan(
    carried: readonly Value[],
    scanned: readonly Value[],
    body: (b: Builder, carried: Value[], slices: Value[]) => { carried: readonly Value[]; outputs: readonly Value[] },
    options: { readonly name?: string; readonly reverse?: boolean; readonly outputNames?: readonly string[] } = {},
  ): { carried: Value[]; outputs: Value[] } {
    const inner = new Builder(this);
    inner.prefix = `${this.prefix}${options.name ?? 'scan'}/`;
    const within = (value: Value, dims: readonly number[]): Value =>
      inner.declare({ name: this.names.unique(`${inner.prefix}${value.name}`), type: value.type, dims });
    const states = carried.map((value) => within(value, value.dims));
    const slices = scanned.map((value) => within(value, value.dims.slice(1)));
    const result = body(inner, states, slices);
    // A body's outputs must be different values of its own: a value that passes straight through goes through an Identity.
    const seen = new Set<string>();
    for (const value of [...result.carried, ...result.outputs]) {
      const own = inner.produces(value) && !seen.has(value.name);
      const out = own ? value : inner.op('Identity', [value]);
      seen.add(out.name);
      inner.output(out);
    }
    const length = scanned[0]?.dims[0];
    if (length === undefined) throw new Error('a Scan needs something to scan over');
    const direction = options.reverse ? 1 : 0;
    const attributes: Attributes = {
      body: { type: 'graph', value: inner.graph(inner.prefix.slice(0, -1)) },
      num_scan_inputs: int(scanned.length),
      ...(options.reverse
        ? {
            scan_input_directions: { type: 'ints', value: scanned.map(() => direction) },
            scan_output_directions: { type: 'ints', value: result.outputs.map(() => direction) },
          }
        : {}),
    };
    const types: ValueType[] = [
      ...result.carried.map(({ type, dims }) => ({ type, dims })),
      ...result.outputs.map(({ type, dims }) => ({ type, dims: [length, ...dims] })),
    ];
    const node: Node = {
      opType: 'Scan',
      domain: '',
      name: this.names.unique(this.prefix + (options.name ?? 'Scan')),
      inputs: [...carried, ...scanned].map((value) => value.name),
      outputs: types.map((_, i) => this.outputName('Scan', i, types.length, options.outputNames?.[i])),
      attributes,
    };
    const values = types.map((type, i): Value => ({ name: node.outputs[i] ?? '', ...type }));
    this.append(node, [...carried, ...scanned], values);
    return { carried: values.slice(0, carried.length), outputs: values.slice(carried.length) };
  }

  /** The graph built so far. */
  graph(name: string): Graph {
    const info = ({ name, type, dims }: Value): ValueInfo => ({ name, type, dims });
    return {
      name,
      nodes: this.nodes,
      inputs: this.inputs.map(info),
      outputs: this.outputs.map(info),
      initializers: this.initializers,
    };
  }

  /** The values that were made graph inputs, in order. */
  get graphInputs(): readonly Value[] {
    return this.inputs;
  }

  private declare(value: Value): Value {
    this.inputs.push(value);
    return value;
  }

  private append(node: Node, inputs: readonly Operand[], outputs: readonly Value[]): void {
    for (const input of inputs) if (input) this.materialize(input);
    this.nodes.push(node);
    this.operands.set(node, { inputs, outputs });
  }

  /** A constant enters the outermost graph as an initializer when a node reads it; bodies see it from there. */
  private materialize(value: Value): Value {
    if (this.outer) return this.outer.materialize(value);
    if (value.constant) this.initializers.set(value.name, value.constant);
    return value;
  }

  private produces(value: Value): boolean {
    return this.nodes.some((node) => node.outputs.includes(value.name));
  }

  private outputName(opType: string, index: number, count: number, wanted: string | undefined): string {
    if (wanted === '') return '';
    return this.names.unique(wanted ?? `${this.prefix}${opType}${count > 1 ? `:${index}` : ''}`);
  }

  private shared(key: string, make: () => Value): Value {
    if (this.outer) return this.outer.shared(key, make);
    let value = this.scalars.get(key);
    if (!value) {
      value = make();
      this.scalars.set(key, value);
    }
    return value;
  }
}
