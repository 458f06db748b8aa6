/** Puts weight normalization back into a graph whose exporter computed its result and stored only that. */

import { ints, type Graph, type Node } from '../graph/graph.ts';
import type { ModelFile } from '../file/load.ts';
import { isParameterName, moduleOf, type Signature } from '../graph/names.ts';
import { rewriteFile } from '../file/rewriteFile.ts';
import { namesIn, namesWithin } from '../graph/subgraphs.ts';
import { isMadeUp, unique, written } from './common.ts';
import { float32, int64, type Tensor } from '../graph/tensor.ts';

/**
 * PyTorch trains a kernel w = g · v / ‖v‖ by its two factors, and so has to who continues from an export of it. Exporters fold it: the older
 * one always, dynamo's where it is small. From w alone g = ‖w‖ is certain; the length of v, which does not change w but how fast its direction
 * is learned, is not in the file, and v = w is what PyTorch starts from. The norm is over all axes but the last, as in every
 * model of the wav2vec2 family.
 * @returns the same model to rounding; `file` itself if it holds no such kernel.
 */
export function unfoldWeightNorm(file: ModelFile, signature: Signature): ModelFile {
  const { graph, opsets } = file.model;
  const kernels = foldedKernels(graph, signature);
  if (kernels.size === 0) return file;
  const taken = new Set(namesIn(graph));
  const tensors = new Map<string, Tensor>();
  const computed = new Map<string, string>();
  const nodes = graph.nodes.flatMap((node) => {
    const [input = '', kernel = '', ...rest] = node.inputs;
    const names = kernels.get(kernel);
    const tensor = graph.initializers.get(kernel);
    if (node.opType !== 'Conv' || !names || !tensor) return [node];
    const held = computed.get(kernel);
    if (held !== undefined) return [{ ...node, inputs: [input, held, ...rest] }];
    const [g, v] = names.map((name) => unique(name, taken)) as [string, string];
    const [norm, scale, weight] = ['norm', 'scale', 'weight'].map((name) => unique(`${v}/${name}`, taken)) as [
      string,
      string,
      string,
    ];
    tensors.set(g, normsOf(tensor));
    tensors.set(v, { ...tensor, data: tensor.data.slice() });
    computed.set(kernel, weight);
    const axes = tensor.dims.slice(0, -1).map((_, axis) => axis);
    // Since opset 18 the axes are an input.
    const asInput = (opsets.get('') ?? opsets.get('ai.onnx') ?? 1) >= 18 ? [unique(`${v}/axes`, taken)] : [];
    for (const name of asInput) tensors.set(name, int64(axes));
    return [
      written('ReduceL2', [v, ...asInput], norm, asInput.length > 0 ? {} : { axes: ints(axes) }),
      written('Div', [g, norm], scale),
      written('Mul', [v, scale], weight),
      { ...node, inputs: [input, weight, ...rest] },
    ];
  });
  return rewriteFile(file, nodes, tensors);
}

/** The names of the factors of each kernel of a convolution that is the result of weight normalization, by the kernel's name. */
function foldedKernels({ nodes, initializers }: Graph, signature: Signature): Map<string, readonly [string, string]> {
  const kernels = new Map<string, readonly [string, string]>();
  for (const node of nodes) {
    const [, kernel = ''] = node.inputs;
    const tensor = node.opType === 'Conv' ? initializers.get(kernel) : undefined;
    if (!tensor || tensor.type !== 'float32' || tensor.dims.length < 3) continue;
    const module = moduleOf(node);
    const names = module && (signature.kinds.size > 0 ? listedFactors(module, signature) : madeUp(node, module));
    if (names && normsOf(tensor).data.every((norm) => norm > 0)) kernels.set(kernel, names);
  }
  // What something else reads, too, stays as it is.
  const others = nodes.flatMap((node) => [
    ...(node.opType === 'Conv' ? node.inputs.slice(2) : node.inputs),
    ...namesWithin(node),
  ]);
  for (const name of others) kernels.delete(name);
  return kernels;
}

/** What PyTorch lists for a module with weight normalization: since 2.0 as a parametrization, before by two names. */
function listedFactors(module: string, { kinds }: Signature): readonly [string, string] | undefined {
  const names = [factorsOf(module), [`${module}.weight_g`, `${module}.weight_v`] as const];
  return names.find((pair) => pair.every((name) => kinds.get(name) === 'PARAMETER'));
}

/**
 * PyTorch's older exporter leaves a convolution's tensors their names, and makes one up for what it has computed. A kernel without its name
 * beside a bias that has one is that; with a batch normalization that was computed into it, the bias would have lost its name, too.
 */
function madeUp({ inputs: [, kernel = '', bias = ''] }: Node, module: string): readonly [string, string] | undefined {
  return isMadeUp(kernel) && isParameterName(bias) ? factorsOf(module) : undefined;
}

const factorsOf = (module: string): readonly [string, string] => [
  `${module}.parametrizations.weight.original0`,
  `${module}.parametrizations.weight.original1`,
];

/** The root of the sum of squares over all axes but the last: [1, …, 1, n]. */
function normsOf({ data, dims }: Tensor): Tensor {
  const length = dims.at(-1) ?? 1;
  const squares = new Float64Array(length);
  (data as Float32Array).forEach((element, i) => {
    squares[i % length] = (squares[i % length] ?? 0) + element * element;
  });
  return float32(Float32Array.from(squares, Math.sqrt), [...dims.slice(0, -1).map(() => 1), length]);
}
