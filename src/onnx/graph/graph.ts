/** A typed ONNX graph, without protobuf: the result of `load` and the input of `save`. */

import type { DataType, Tensor } from './tensor.ts';

export type Attribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One operator. An omitted input is the empty string, as in ONNX. */
export interface Node {
  readonly opType: string;
  /** The operator set; empty for ONNX's own. */
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  /** `metadata_props`, in which PyTorch's dynamo exporter keeps the module of a node. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A dimension is a number, a symbol shared between values, or unknown. */
export type Dimension = number | string | undefined;

export interface ValueInfo {
  readonly name: string;
  readonly type: DataType;
  /** Undefined when even the rank is unknown. */
  readonly dims: readonly Dimension[] | undefined;
  /** Whether it is a sequence of such tensors. */
  readonly sequence?: true;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Tensor>;
}

/** A graph with the operator sets it is written in: domain to version, the empty domain being ONNX's own. */
export interface Model {
  readonly graph: Graph;
  readonly opsets: ReadonlyMap<string, number>;
}

export const int = (value: number): Attribute => ({ type: 'int', value });
export const float = (value: number): Attribute => ({ type: 'float', value });
export const string = (value: string): Attribute => ({ type: 'string', value });
export const ints = (value: readonly number[]): Attribute => ({ type: 'ints', value });

/** The attribute's value; the fallback if the node does not have it. @throws if it has another type. */
export function intAttribute(node: Node, name: string, fallback: number): number;
export function intAttribute(node: Node, name: string): number | undefined;
export function intAttribute(node: Node, name: string, fallback?: number): number | undefined {
  return attribute(node, name, 'int') ?? fallback;
}

export function floatAttribute(node: Node, name: string, fallback: number): number {
  return attribute(node, name, 'float') ?? fallback;
}

export function stringAttribute(node: Node, name: string, fallback: string): string {
  return attribute(node, name, 'string') ?? fallback;
}

export function intsAttribute(node: Node, name: string): readonly number[] | undefined {
  return attribute(node, name, 'ints');
}

type AttributeValues = { [A in Attribute as A['type']]: A['value'] };

export function attribute<T extends Attribute['type']>(
  node: Node,
  name: string,
  type: T,
): AttributeValues[T] | undefined {
  const found = node.attributes[name];
  if (found === undefined) return undefined;
  if (found.type !== type) {
    throw new Error(`${describe(node)}: attribute ${name} is ${found.type}, expected ${type}`);
  }
  return found.value as AttributeValues[T];
}

/** The name of a node in messages: its operator, and its name or first output. */
export function describe(node: Node): string {
  return `${node.opType} "${node.name || (node.outputs[0] ?? '')}"`;
}
