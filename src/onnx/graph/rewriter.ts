/** A builder with rewrite rules: a rule may replace a new node by a simpler value. */

import { Builder, type NodeOptions } from './builder.ts';
import type { Operand, Value, ValueType } from './value.ts';
import { evaluate } from '../folding/evaluate.ts';
import type { Attributes, Node } from './graph.ts';
import { inferTypes } from '../infer/infer.ts';
import { sizeOf, type Tensor } from './tensor.ts';

/** A node before it is written. It has one output. */
export interface Draft {
  readonly node: Node;
  readonly inputs: readonly Operand[];
  readonly type: ValueType;
  readonly options: NodeOptions;
}

/** An equal but cheaper value, or undefined. It may write nodes of its own. */
export type Simplification = (r: Rewriter, draft: Draft) => Value | undefined;

/** Rules by operator, tried in order. */
export type Simplifications = Readonly<Record<string, readonly Simplification[]>>;

export interface Producer {
  readonly node: Node;
  readonly inputs: readonly Operand[];
}

export class Rewriter {
  /** The nodes written so far, including those that nothing reads any more. */
  readonly b = new Builder();

  private readonly rules: Simplifications;
  private readonly producers = new Map<Value, Producer>();
  private readonly uniforms = new Map<Value, Tensor>();

  private readonly weights: ReadonlySet<Value>;

  /** @param weights values that rules may assume to be finite numbers, such as the weights of a model. */
  constructor(rules: Simplifications, weights: ReadonlySet<Value> = new Set()) {
    this.rules = rules;
    this.weights = weights;
  }

  /** Adds a node with one output, or finds a simpler value that equals it. */
  op(opType: string, inputs: readonly Operand[], attributes: Attributes = {}, options: NodeOptions = {}): Value {
    const node: Node = {
      opType,
      domain: options.domain ?? '',
      name: options.name ?? '',
      inputs: inputs.map((input) => input?.name ?? ''),
      outputs: [options.outputNames?.[0] ?? opType],
      attributes,
    };
    const [type] = inferTypes(node, inputs);
    if (type === undefined) throw new Error(`${opType} gave no output`);
    const draft: Draft = { node, inputs, type, options };
    if (inputs.some((input) => input && !input.constant)) {
      for (const rule of this.rules[opType] ?? []) {
        const simpler = rule(this, draft);
        if (simpler) return simpler;
      }
    }
    const value = this.b.op(opType, inputs, attributes, options);
    this.producers.set(value, { node, inputs });
    const uniform = value.constant ? undefined : this.uniformOf(draft);
    if (uniform) this.uniforms.set(value, uniform);
    return value;
  }

  /** Adds a node with several outputs as it is. */
  ops(
    opType: string,
    inputs: readonly Operand[],
    count: number,
    attributes: Attributes,
    options: NodeOptions,
  ): Value[] {
    if (count === 1) return [this.op(opType, inputs, attributes, options)];
    return this.b.ops(opType, inputs, count, attributes, options);
  }

  /** The node of a value, if it has this operator. */
  producer(value: Operand, opType: string): Producer | undefined {
    const found = value && this.producers.get(value);
    return found?.node.opType === opType ? found : undefined;
  }

  /** Whether a value is an input, so that its elements are unknown. */
  isFed(value: Value): boolean {
    return !this.producers.has(value) && !this.weights.has(value) && !value.constant;
  }

  /** The number that all elements of a value equal; undefined if they differ or are unknown. */
  uniform(value: Operand): number | undefined {
    const tensor = value && this.uniformTensor(value);
    return tensor && Number(tensor.data[0]);
  }

  private uniformTensor(value: Value): Tensor | undefined {
    const held = this.uniforms.get(value);
    if (held) return held;
    const { constant } = value;
    if (!constant || constant.data.length === 0) return undefined;
    const first = constant.data[0];
    const data = constant.data as ArrayLike<number | bigint>;
    for (let i = 1; i < data.length; i++) if (data[i] !== first) return undefined;
    const tensor = { ...constant, dims: [], data: constant.data.slice(0, 1) };
    this.uniforms.set(value, tensor);
    return tensor;
  }

  /** Values that are too large to evaluate while building may still be known to be constant everywhere: masks that keep everything. */
  private uniformOf({ node, inputs, type }: Draft): Tensor | undefined {
    if (sizeOf(type.dims) === 0) return undefined;
    const [first] = inputs;
    if (first && repeating.has(node.opType)) return this.uniformTensor(first);
    if (!elementwise.has(node.opType) || !inputs.every((input) => input)) return undefined;
    const scalars = inputs.map((input): Operand => {
      const constant = input && this.uniformTensor(input);
      return constant && { name: '', type: constant.type, dims: [], constant };
    });
    return scalars.every((scalar) => scalar)
      ? evaluate(node, scalars, [{ type: type.type, dims: [] }])?.[0]
      : undefined;
  }
}

/** Operators whose output only has elements of their first input. */
const repeating: ReadonlySet<string> = new Set([
  ...['Expand', 'Reshape', 'Transpose', 'Slice', 'Squeeze', 'Unsqueeze', 'Flatten', 'Tile', 'Gather', 'Identity'],
]);

const elementwise: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Neg', 'Not', 'And', 'Or', 'Xor', 'Cast', 'Where', 'Min', 'Max', 'Abs'],
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Clip'],
]);
