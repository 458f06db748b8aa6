/** Replaces nodes and tensors of a graph for integer weights. */

import { uniqueName } from '../graph/uniqueName.ts';
import { append } from '../../base/append.ts';
import { dataTypeNumber } from '../file/dataTypes.ts';
import { elementsOf } from '../graph/elements.ts';
import { floatAttribute, int, intAttribute, type Attributes, type Graph, type Node } from '../graph/graph.ts';
import { largestFactor, largestStored, quantizeTensor } from './int8.ts';
import type { Parameter } from '../model/parameters.ts';
import { namesIn, namesWithin } from '../graph/subgraphs.ts';
import { float32, sizeOf, type Tensor } from '../graph/tensor.ts';
import { transposed } from '../graph/transposed.ts';

/** A number of tensors, and their elements in all. */
export interface Amount {
  readonly tensors: number;
  readonly weights: number;
}

export interface QuantizedNodes {
  /** The replacements of each node of the graph; undefined for an unchanged node. */
  readonly nodes: readonly (readonly Node[] | undefined)[];
  /** Nodes before all others. */
  readonly first: readonly Node[];
  /** New initializers. The old weights are no longer read. */
  readonly added: ReadonlyMap<string, Tensor>;
  /** Weights of matrix products, computed in 8 bits. */
  readonly products: Amount;
  /** Other weights, stored in 8 bits and computed in 32. */
  readonly stored: Amount;
}

/** @throws Error with a sentence about a weight that is infinite or NaN. */
export function quantizeNodes(graph: Graph, weights: readonly Parameter[]): QuantizedNodes {
  const taken = new Set(namesIn(graph));
  const readers = readersOf(graph);
  const added = new Map<string, Tensor>();
  const first: Node[] = [];
  const matrices = new Map<Node, Integers>();
  const [products, stored] = [nothing(), nothing()];
  for (const weight of weights) {
    const { initializer, name, dims } = weight;
    const tensor = graph.initializers.get(initializer);
    if (!tensor) throw new Error(`the model has no initializer "${initializer}"`);
    const integers = {
      values: uniqueName(`${initializer}_quantized`, taken),
      scale: uniqueName(`${initializer}_scale`, taken),
    };
    const own = productsOf(readers.get(initializer), dims);
    const axis = own ? 1 : channelAxis(weight);
    const { values, scale } = quantizeTensor(
      own?.turned ? turn(tensor) : tensor,
      axis,
      own ? largestFactor : largestStored,
      name,
    );
    added.set(integers.values, values).set(integers.scale, scale);
    for (const product of own?.nodes ?? []) matrices.set(product, integers);
    // Its output has the weight's old name, so that readers of the weight need not change.
    if (!own) first.push(node('DequantizeLinear', Object.values(integers), [initializer], { axis: int(axis) }));
    const amount = own ? products : stored;
    amount.tensors++;
    amount.weights += sizeOf(dims);
  }
  const inputs = new Map<string, QuantizedInput>();
  const nodes = graph.nodes.map((original) => {
    const matrix = matrices.get(original);
    return matrix && productNodes(original, matrix, inputs, taken);
  });
  return { nodes, first, added, products, stored };
}

/** Names of an integer matrix [in, out], and of a scale for each output. */
interface Integers {
  readonly values: string;
  readonly scale: string;
}

/** Names of a value that is quantized while the model runs. */
interface QuantizedInput extends Integers {
  readonly zeroPoint: string;
}

/** Same form as onnxruntime's quantizer, which onnxruntime fuses. A value that several products read is quantized once. */
function productNodes(
  original: Node,
  matrix: Integers,
  inputs: Map<string, QuantizedInput>,
  taken: Set<string>,
): Node[] {
  const [input = '', , bias = ''] = original.inputs;
  const [output = ''] = original.outputs;
  const nodes: Node[] = [];
  let quantized = inputs.get(input);
  if (!quantized) {
    const part = (name: string): string => uniqueName(`${input}_${name}`, taken);
    quantized = { values: part('quantized'), scale: part('scale'), zeroPoint: part('zero_point') };
    inputs.set(input, quantized);
    const { values, scale, zeroPoint } = quantized;
    nodes.push(node('DynamicQuantizeLinear', [input], [values, scale, zeroPoint]));
  }
  const [integer, float, scales] = ['integer', 'float', 'scales'].map((part) =>
    uniqueName(`${output}_${part}`, taken),
  ) as [string, string, string];
  const product = bias === '' ? output : uniqueName(`${output}_product`, taken);
  nodes.push(
    // The last node keeps the layer's name and metadata, by which people and tools find it.
    {
      ...original,
      opType: 'MatMulInteger',
      inputs: [quantized.values, matrix.values, quantized.zeroPoint],
      outputs: [integer],
      attributes: {},
    },
    node('Cast', [integer], [float], { to: int(dataTypeNumber('float32')) }),
    node('Mul', [quantized.scale, matrix.scale], [scales]),
    node('Mul', [float, scales], [product]),
  );
  if (bias !== '')
    nodes.push({ ...original, opType: 'Add', inputs: [product, bias], outputs: [output], attributes: {} });
  return nodes;
}

/** The nodes that read a matrix, if all are products that can be computed with integers and read it in the same orientation. */
function productsOf(
  readers: readonly WeightReader[] = [],
  dims: readonly number[],
): { nodes: Node[]; turned: boolean } | undefined {
  const nodes = readers.flatMap(({ node, input }) => (node && input === 1 && isProduct(node) ? [node] : []));
  if (dims.length !== 2 || nodes.length < readers.length) return undefined;
  const turned = nodes.map((product) => intAttribute(product, 'transB', 0) === 1);
  return new Set(turned).size === 1 ? { nodes, turned: turned[0] ?? false } : undefined;
}

function isProduct(node: Node): boolean {
  if (node.domain !== '') return false;
  if (node.opType === 'MatMul') return true;
  const plain = floatAttribute(node, 'alpha', 1) === 1 && floatAttribute(node, 'beta', 1) === 1;
  return node.opType === 'Gemm' && plain && intAttribute(node, 'transA', 0) === 0;
}

/** Weights whose axis 0 is the direction and axis 1 the channels (ONNX operators, LSTM). */
const recurrent: ReadonlySet<string> = new Set(['LSTM', 'GRU', 'RNN']);

/** The axis of a weight's outputs. */
function channelAxis({ opType, transposed, dims }: Parameter): number {
  if (transposed) return dims.length - 1;
  return opType === 'ConvTranspose' || recurrent.has(opType) ? 1 : 0;
}

function turn(tensor: Tensor): Tensor {
  return float32(Float32Array.from(transposed(elementsOf(tensor), tensor.dims)), tensor.dims.toReversed());
}

interface WeightReader {
  /** Undefined for readers other than nodes of the graph itself: a node of a loop or branch, or an output. */
  readonly node: Node | undefined;
  readonly input: number;
}

function readersOf(graph: Graph): Map<string, WeightReader[]> {
  const readers = new Map<string, WeightReader[]>();
  for (const node of graph.nodes) {
    node.inputs.forEach((name, input) => append(readers, name, { node, input }));
    for (const name of namesWithin(node)) append(readers, name, { node: undefined, input: -1 });
  }
  for (const { name } of graph.outputs) append(readers, name, { node: undefined, input: -1 });
  return readers;
}

const nothing = (): { tensors: number; weights: number } => ({ tensors: 0, weights: 0 });

function node(opType: string, inputs: string[], outputs: string[], attributes: Attributes = {}): Node {
  return { opType, domain: '', name: '', inputs, outputs, attributes };
}
