/** Converts a quantized model to the float32 model that it represents, to compare it with any other. */

import { intAttribute, type Graph, type Node } from '../graph/graph.ts';
import { dequantizeTensor } from './int8.ts';
import type { ModelFile } from '../file/load.ts';
import { rewriteFile } from '../file/rewriteFile.ts';
import { namesIn, namesWithin } from '../graph/subgraphs.ts';
import type { DataType, Tensor } from '../graph/tensor.ts';

export interface Dequantized {
  /** The same model, if it has no quantized weights. */
  readonly file: ModelFile;
  /** The stored forms of the quantized weights, by the initializers that hold the float32 values now. */
  readonly types: ReadonlyMap<string, DataType>;
}

/**
 * Turns integer products back into MatMul if the input is quantized while the model runs (DynamicQuantizeLinear, MatMulInteger,
 * Cast, Mul; as Pinch and onnxruntime write them), and weights behind a DequantizeLinear into float32 initializers with the name of
 * its output. Other quantized operators stay. The weights are those that the quantized model computes with.
 */
export function dequantizeModel(file: ModelFile): Dequantized {
  const { nodes, weights } = restore(file.model.graph);
  if (weights.size === 0) return { file, types: new Map() };
  const tensors = new Map(Array.from(weights, ([name, { tensor }]) => [name, tensor]));
  const types = new Map(Array.from(weights, ([name, { type }]) => [name, type]));
  return { file: rewriteFile(file, nodes, tensors), types };
}

interface Restored {
  readonly nodes: readonly Node[];
  readonly weights: ReadonlyMap<string, { readonly tensor: Tensor; readonly type: DataType }>;
}

function restore(graph: Graph): Restored {
  /** The replacement of a node; undefined without one. */
  const changed = new Map<Node, Node | undefined>();
  const weights = new Map<string, { tensor: Tensor; type: DataType }>();
  const links = new Links(graph);
  const add = (name: string, { values, scale, zeroPoint }: Integers, axis: number): void => {
    if (weights.has(name)) return;
    const tensor = dequantizeTensor(values.tensor, scale, zeroPoint, axis);
    weights.set(name, { tensor, type: values.tensor.type });
  };
  for (const node of graph.nodes) {
    if (node.domain !== '') continue;
    if (node.opType === 'DequantizeLinear') {
      const [values, scale, zeroPoint] = node.inputs;
      const integers = links.integers(values, scale, zeroPoint);
      if (!integers) continue;
      add(node.outputs[0] ?? '', integers, intAttribute(node, 'axis', 1));
      changed.set(node, undefined);
    }
    const product = node.opType === 'MatMulInteger' ? links.product(node) : undefined;
    if (!product) continue;
    const { input, integers, steps, result } = product;
    const plain = integers.values.name.replace(/_quantized$/u, '');
    const name = links.taken.has(plain) ? `${integers.values.name}_dequantized` : plain;
    add(name, integers, -1);
    for (const step of steps) changed.set(step, undefined);
    // The new node keeps the layer's name and metadata.
    changed.set(result, { ...node, opType: 'MatMul', inputs: [input, name], outputs: result.outputs, attributes: {} });
  }
  const nodes = graph.nodes.flatMap((node) => {
    const stands = changed.has(node) ? changed.get(node) : node;
    return stands ? [stands] : [];
  });
  return { nodes, weights };
}

/** A stored integer matrix with its scales. */
interface Integers {
  readonly values: { readonly name: string; readonly tensor: Tensor };
  readonly scale: Tensor;
  readonly zeroPoint: Tensor | undefined;
}

interface Product {
  /** The float32 value that is quantized. */
  readonly input: string;
  readonly integers: Integers;
  /** The nodes of the product except the last, whose output is its float32 result. */
  readonly steps: readonly Node[];
  readonly result: Node;
}

/** The writers and readers of each value in a graph. */
class Links {
  /** Names that a restored weight cannot have. */
  readonly taken: ReadonlySet<string>;

  private readonly graph: Graph;
  private readonly writers = new Map<string, Node>();
  private readonly readers = new Map<string, Node[]>();

  constructor(graph: Graph) {
    this.graph = graph;
    this.taken = new Set(namesIn(graph));
    for (const node of graph.nodes) {
      for (const output of node.outputs) this.writers.set(output, node);
      for (const name of [...node.inputs, ...namesWithin(node)]) {
        this.readers.set(name, [...(this.readers.get(name) ?? []), node]);
      }
    }
    // The graph's outputs count as read, so that they do not vanish.
    for (const { name } of graph.outputs) this.readers.set(name, [...(this.readers.get(name) ?? []), outside]);
  }

  /** Undefined unless they are stored tensors with one scale, or one for each channel. */
  integers(values = '', scale = '', zeroPoint = ''): Integers | undefined {
    const [tensor, scales, zeros] = [values, scale, zeroPoint].map((name) => this.graph.initializers.get(name));
    if (!tensor || scales?.type !== 'float32' || scales.dims.length > 1 || (zeroPoint !== '' && !zeros))
      return undefined;
    return { values: { name: values, tensor }, scale: scales, zeroPoint: zeros };
  }

  /** The product that a MatMulInteger belongs to; undefined if it has another form. */
  product(node: Node): Product | undefined {
    const [values = '', matrix, zeroPoint = '', matrixZeroPoint] = node.inputs;
    const quantizer = this.writers.get(values);
    const cast = this.onlyReader(node, 'Cast');
    const result = cast && this.onlyReader(cast, 'Mul');
    if (quantizer?.opType !== 'DynamicQuantizeLinear' || !cast || !result) return undefined;
    const scales = this.writers.get(result.inputs.find((name) => !cast.outputs.includes(name)) ?? '');
    if (scales?.opType !== 'Mul') return undefined;
    const [input = ''] = quantizer.inputs;
    const [, inputScale = '', inputZeroPoint] = quantizer.outputs;
    const scale = scales.inputs.find((name) => name !== inputScale);
    const integers = this.integers(matrix, scale, matrixZeroPoint);
    const own = this.onlyReader(scales, 'Mul') === result && scales.inputs.includes(inputScale);
    if (!integers || !own || zeroPoint !== inputZeroPoint) return undefined;
    return { input, integers, steps: [node, cast, scales], result };
  }

  private onlyReader({ outputs: [output = ''] }: Node, opType: string): Node | undefined {
    const [only, ...others] = this.readers.get(output) ?? [];
    return others.length === 0 && only?.opType === opType && only.domain === '' ? only : undefined;
  }
}

/** Stands for the reader of a graph's outputs. */
const outside: Node = { opType: '', domain: '', name: '', inputs: [], outputs: [], attributes: {} };
