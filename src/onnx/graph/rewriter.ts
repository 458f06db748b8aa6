/** A builder that looks back at what it has written: rules may answer a new node with a simpler value than the node itself. */

import { Builder, type NodeOptions } from './builder.ts';
import type { Operand, Value, ValueType } from './value.ts';
import { evaluate } from '../folding/evaluate.ts';
import type { Attributes, Node } from './graph.ts';
import { inferTypes } from '../infer/infer.ts';
import { sizeOf, type Tensor } from './tensor.ts';

/** A node that is about to be written. It has one output. */
export interface Draft {
  readonly node: Node;
  readonly inputs: readonly Operand[];
  readonly type: ValueType;
  readonly options: NodeOptions;
}

/** A value equal to the draft's output that costs less, or undefined. It may write nodes of its own. */
export type Simplification = (r: Rewriter, draft: Draft) => Value | undefined;

/** Rules by operator, tried in order. */
export type Simplifications = Readonly<Record<string, readonly Simplification[]>>;

export interface Producer {
  readonly node: Node;
  readonly inputs: readonly Operand[];
}

export class Rewriter {
  /** What has been written, nodes that nothing reads any more included. */
  readonly b = new Builder();

  private readonly rules: Simplifications;
  private readonly producers = new Map<Value, Producer>();
  private readonly uniforms = new Map<Value, Tensor>();

  private readonly weights: ReadonlySet<Value>;

  /** @param weights values that rules may take to be finite numbers, as the weights of a model are. */
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

  /** The node a value comes from, if it has that operator. */
  producer(value: Operand, opType: string): Producer | undefined {
    const found = value && this.producers.get(value);
    return found?.node.opType === opType ? found : undefined;
  }

  /** Whether a value is fed from outside, so that nothing is known of its elements. */
  isFed(value: Value): boolean {
    return !this.producers.has(value) && !this.weights.has(value) && !value.constant;
  }

  /** The one number that all elements of a value have; undefined if they differ or are not known. */
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

  /** Values too large to compute while building may still be known to have one element throughout: masks that mask nothing. */
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

/** Operators whose output has no other elements than their first input. */
const repeating: ReadonlySet<string> = new Set([
  ...['Expand', 'Reshape', 'Transpose', 'Slice', 'Squeeze', 'Unsqueeze', 'Flatten', 'Tile', 'Gather', 'Identity'],
]);

const elementwise: ReadonlySet<string> = new Set([
  ...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Neg', 'Not', 'And', 'Or', 'Xor', 'Cast', 'Where', 'Min', 'Max', 'Abs'],
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Clip'],
]);
