/** Finds the trained inputs of a model's nodes, by the operators' use of them. */

import { intAttribute, type Graph, type Node } from '../graph/graph.ts';
import {
  isParameterName,
  moduleOf,
  moduleOfParameter,
  parameterOfCall,
  saysTrained,
  type Signature,
} from '../graph/names.ts';
import { piecesOf } from '../file/pieces.ts';
import type { Tensor } from '../graph/tensor.ts';

export type Role = 'weight' | 'bias';

/** An operator's use of a stored tensor, which decides the further conditions for a parameter. */
type Kind = 'matrix' | 'kernel' | 'norm' | 'elementwise' | 'table';

type Relation = 'same' | 'view' | 'computed';

/** A stored tensor that a node reads as a parameter. */
export interface TrainedInput {
  /** Index of the node in the graph, and of its input. */
  readonly node: number;
  readonly input: number;
  /** The initializer, or the output of the Constant node. */
  readonly source: string;
  readonly tensor: Tensor;
  /** Names of the tensor and its views on the way to the node, the nearest first, `source` last. */
  readonly aliases: readonly string[];
  readonly role: Role;
  /** Whether the tensor is [in, out], where PyTorch has [out, in]. */
  readonly transposed: boolean;
  /** Whether the node's input is the tensor itself, the same elements in another shape or type, or computed from them. */
  readonly relation: Relation;
  /** The node's module; undefined if unknown. */
  readonly module: string | undefined;
  /** The parameter's name, as far as this node shows it. */
  readonly name: string;
  /** For a bias: the stored tensor with the weight of the same layer. It distinguishes layers of the same name. */
  readonly partner: string | undefined;
}

type Trained = readonly (readonly [input: number, role: Role, kind: Kind])[];

const layer: Trained = [
  [1, 'weight', 'kernel'],
  [2, 'bias', 'kernel'],
];
const recurrent: Trained = [
  [1, 'weight', 'kernel'],
  [2, 'weight', 'kernel'],
  [3, 'bias', 'kernel'],
];
const norm: Trained = [
  [1, 'weight', 'norm'],
  [2, 'bias', 'norm'],
];
const product: Trained = [
  [0, 'weight', 'matrix'],
  [1, 'weight', 'matrix'],
];

const trained: Readonly<Record<string, Trained>> = {
  MatMul: product,
  Gemm: [...product, [2, 'bias', 'kernel']],
  Einsum: product,
  Conv: layer,
  ConvTranspose: layer,
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
  PRelu: [[1, 'weight', 'kernel']],
  LayerNormalization: norm,
  GroupNormalization: norm,
  InstanceNormalization: norm,
  BatchNormalization: norm,
  RMSNormalization: [[1, 'weight', 'norm']],
  Mul: [
    [0, 'weight', 'elementwise'],
    [1, 'weight', 'elementwise'],
  ],
  Add: [
    [0, 'bias', 'elementwise'],
    [1, 'bias', 'elementwise'],
  ],
  Gather: [[0, 'weight', 'table']],
  // Operators that onnxruntime's optimizer writes in place of those above (domain com.microsoft).
  FusedMatMul: product,
  FusedGemm: [...product, [2, 'bias', 'kernel']],
  FusedConv: layer,
  BiasGelu: [[1, 'bias', 'elementwise']],
  SkipLayerNormalization: [
    [2, 'weight', 'norm'],
    [3, 'bias', 'norm'],
    [4, 'bias', 'elementwise'],
  ],
  SkipSimplifiedLayerNormalization: [
    [2, 'weight', 'norm'],
    [3, 'bias', 'elementwise'],
  ],
};

/**
 * The trained operands of a graph, in the order of its nodes. A tensor is one if its operator also reads a value that depends on the graph's
 * inputs (not only on their shapes), and if
 * - a matrix product reads it, and it has at least two dimensions; here, positions, which depend on shapes alone, count as inputs too;
 * - a convolution, recurrent layer or PRelu reads it;
 * - a normalization reads it, unless the exporter made it up;
 * - it is added or multiplied, and is a vector, or has one element for each head, or has the name of a parameter; or rows of it are looked up,
 *   and it has such a name;
 * - such an operand is computed from it (weight normalization, embedded positions), and it has the name of a parameter.
 */
export function trainedOperands(graph: Graph, signature: Signature): TrainedInput[] {
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const live = liveValues(graph);
  const found: TrainedInput[] = [];
  for (const [index, node] of graph.nodes.entries()) {
    const module = moduleOf(node);
    for (const [input, role, kind] of trained[node.opType] ?? []) {
      const name = node.inputs[input];
      if (!name || live.has(name) || ![...node.inputs, ...node.outputs].some((other) => live.has(other))) continue;
      for (const source of sourcesOf(name)) {
        const { tensor, aliases, relation } = source;
        const operand: TrainedInput = {
          node: index,
          input,
          source: aliases.at(-1) ?? name,
          tensor,
          aliases,
          role,
          transposed: relation !== 'computed' && isTransposed(node, input) !== source.turned,
          relation,
          module,
          name: nameOf(node, module, role, source, signature),
          partner: role === 'bias' ? weightBeside(node, input) : undefined,
        };
        if (tensor.type.includes('float') && accepts(node, kind, operand)) found.push(operand);
      }
    }
  }
  return found;

  /** The stored tensors that a value equals or is computed from. */
  function sourcesOf(name: string, seen = new Set<string>()): Source[] {
    const stored = graph.initializers.get(name);
    if (stored) return [{ tensor: stored, aliases: [name], turned: false, relation: 'same' as const }];
    const producer = producers.get(name);
    // A value that is reached twice is computed from the same tensors.
    if (!producer || seen.has(name)) return [];
    seen.add(name);
    const value = producer.attributes['value'];
    if (producer.opType === 'Constant') {
      return value?.type === 'tensor'
        ? [{ tensor: value.value, aliases: [name], turned: false, relation: 'same' as const }]
        : [];
    }
    const [first] = producer.inputs;
    if (views.has(producer.opType) && first !== undefined) {
      const turns = producer.opType === 'Transpose';
      return sourcesOf(first, seen).map((source) => ({
        ...source,
        aliases: [name, ...source.aliases],
        turned: source.turned !== turns,
        relation: source.relation === 'same' && producer.opType !== 'Identity' ? 'view' : source.relation,
      }));
    }
    return producer.inputs
      .flatMap((input) => sourcesOf(input, seen))
      .map((source) => ({ ...source, relation: 'computed' as const }));
  }

  /** The stored tensor with the weight of a bias's layer, which may be the node itself or the product before it. */
  function weightBeside(node: Node, input: number): string | undefined {
    const product = ['Add', 'BiasGelu'].includes(node.opType) ? producers.get(node.inputs[1 - input] ?? '') : node;
    for (const [at, role] of (product && trained[product.opType]) ?? []) {
      const name = product?.inputs[at] ?? '';
      const [source] = role === 'weight' && !live.has(name) ? sourcesOf(name) : [];
      if (source) return source.aliases.at(-1);
    }
    return undefined;
  }

  function accepts(node: Node, kind: Kind, operand: TrainedInput): boolean {
    const { source, tensor, role, relation, name } = operand;
    const known = signature.kinds.size > 0;
    const stated = signature.kinds.get(name);
    if (stated !== undefined && stated !== 'PARAMETER') return false;
    const named = stated === 'PARAMETER' || (!known && saysTrained(source));
    if (relation === 'computed') {
      // A vector of equal numbers may have been merged with a parameter of another module, whose name it then has.
      return named && isParameterName(source) && (belongs(source, operand.module) || constantOf(tensor) === undefined);
    }
    switch (kind) {
      case 'matrix':
        // Positions are also multiplied by matrices that are not trained.
        return tensor.dims.length >= 2 && (named || !known || node.inputs.some((input) => live.has(input)));
      case 'kernel':
        return true;
      case 'norm':
        return !isMadeUp(node, tensor, role, isParameterName(source) && (named || !known));
      case 'elementwise':
        return named || (!known && (tensor.dims.filter((dim) => dim > 1).length === 1 || isForEachHead(role, tensor)));
      case 'table':
        return named;
    }
  }

  /**
   * Ones and zeros of a normalization without parameters, or of group normalization, which exporters write as an instance
   * normalization between two Reshapes.
   */
  function isMadeUp(node: Node, tensor: Tensor, role: Role, hasName: boolean): boolean {
    if (constantOf(tensor) !== (role === 'weight' ? 1 : 0)) return false;
    const regrouped =
      node.opType === 'InstanceNormalization' && producers.get(node.inputs[0] ?? '')?.opType === 'Reshape';
    return regrouped || !hasName;
  }
}

/** A parameter's name from one node that uses it. */
function nameOf(node: Node, module: string | undefined, role: Role, source: Source, signature: Signature): string {
  const { aliases, tensor, relation } = source;
  const ownNames = aliases.filter(isParameterName);
  const fits = ownNames.find((name) => belongs(name, module));
  if (fits !== undefined) return fits;
  const [own] = ownNames;
  // A name of another module: it is that parameter, or the exporter merged both because all elements are equal.
  if (own !== undefined && (relation === 'computed' || constantOf(tensor) === undefined)) return own;
  const called = parameterOfCall(node, role, signature) ?? biasOfCall(node, role, signature);
  const derived = module ? `${module}.${role}` : undefined;
  return called ?? derived ?? own ?? aliases.at(-1) ?? '';
}

/** The bias that belongs to the weight of a node's call, if the bias was cut out of a larger tensor and has no name of the call. */
function biasOfCall(node: Node, role: Role, signature: Signature): string | undefined {
  const weight = role === 'bias' ? parameterOfCall(node, 'weight', signature) : undefined;
  const bias = weight && `${moduleOfParameter(weight)}.bias`;
  return bias && signature.kinds.get(bias) === 'PARAMETER' ? bias : undefined;
}

/** Added to [batch, heads, time, size], the same at every time: [heads, 1, size]. A table over time would end with it. */
function isForEachHead(role: Role, { dims }: Tensor): boolean {
  const inner = dims.slice(dims.findIndex((dim) => dim > 1));
  return role === 'bias' && inner.length === 3 && inner[1] === 1;
}

/** Whether a parameter's name belongs to a module or its children; for an unknown module, any name may. */
function belongs(name: string, module: string | undefined): boolean {
  return !module || name.startsWith(`${module}.`);
}

interface Source {
  readonly tensor: Tensor;
  readonly aliases: readonly string[];
  /** Whether a Transpose is between the tensor and the node. */
  readonly turned: boolean;
  readonly relation: Relation;
}

/** Operators that pass on their first input in another shape or type. */
const views = new Set(['Identity', 'Cast', 'Transpose', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten']);

/** Values that change with the graph's inputs while their shapes stay the same, and positions behind a linear layer. */
function liveValues(graph: Graph): Set<string> {
  const live = new Set(graph.inputs.map(({ name }) => name));
  const varying = new Set(live);
  const matrices = new Set(
    Array.from(graph.initializers).flatMap(([name, tensor]) => (isMatrix(tensor) ? [name] : [])),
  );
  for (const node of graph.nodes) {
    if (node.inputs.some((input) => varying.has(input))) for (const output of node.outputs) varying.add(output);
    if (node.opType === 'Shape' || node.opType === 'Size') continue;
    const [first = '', second = ''] = node.inputs;
    if (views.has(node.opType) && matrices.has(first)) for (const output of node.outputs) matrices.add(output);
    const projects = node.opType === 'MatMul' && varying.has(first) && matrices.has(second);
    if (projects || node.inputs.some((input) => live.has(input))) for (const output of node.outputs) live.add(output);
  }
  return live;
}

function isMatrix({ type, dims }: Tensor): boolean {
  return type.includes('float') && dims.length === 2 && dims.every((dim) => dim > 1);
}

/** Whether a matrix is [in, out] at this input. */
function isTransposed(node: Node, input: number): boolean {
  if (node.opType === 'MatMul') return input === 1;
  if (node.opType === 'FusedMatMul') {
    return input === 1 ? intAttribute(node, 'transB', 0) === 0 : intAttribute(node, 'transA', 0) === 1;
  }
  return ['Gemm', 'FusedGemm'].includes(node.opType) && input === 1 && intAttribute(node, 'transB', 0) === 0;
}

/** The common value of all elements of a float tensor; undefined if they differ or there are none. */
export function constantOf(tensor: Tensor): number | undefined {
  let first: number | bigint | undefined;
  // In pieces: in a matrix the second element differs, and the rest is never read.
  for (const piece of piecesOf(tensor)) {
    for (const element of piece) {
      first ??= element;
      if (element !== first) return undefined;
    }
  }
  if (first === undefined) return undefined;
  // Half-precision numbers are stored as bits.
  const one = tensor.type === 'float16' ? 0x3c00 : tensor.type === 'bfloat16' ? 0x3f80 : 1;
  return first === one ? 1 : Number(first);
}
