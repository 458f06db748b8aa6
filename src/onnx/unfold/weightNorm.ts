/** Restores weight normalization in a graph whose exporter stored only its result. */

import { uniqueName } from '../graph/uniqueName.ts';
import { ints, type Graph, type Node } from '../graph/graph.ts';
import type { ModelFile } from '../file/load.ts';
import { isParameterName, moduleOf, type Signature } from '../graph/names.ts';
import { rewriteFile } from '../file/rewriteFile.ts';
import { namesIn, namesWithin } from '../graph/subgraphs.ts';
import { isMadeUp, written } from './common.ts';
import { float32, int64, type Tensor } from '../graph/tensor.ts';

/**
 * PyTorch trains a kernel w = g · v / ‖v‖ by its two factors, and so must a training run that starts from an export. Exporters fold it: the older one
 * always, dynamo's for small kernels. From w alone, g = ‖w‖ is certain. The length of v does not change w, only how fast its direction is learned; it
 * is not in the file, and v = w as in PyTorch's initialization. The norm is over all axes but the last, as in every model of the wav2vec2 family.
 * @returns the same model up to rounding; `file` itself if it has no such kernel.
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
    const [g, v] = names.map((name) => uniqueName(name, taken)) as [string, string];
    const [norm, scale, weight] = ['norm', 'scale', 'weight'].map((name) => uniqueName(`${v}/${name}`, taken)) as [
      string,
      string,
      string,
    ];
    tensors.set(g, normsOf(tensor));
    tensors.set(v, { ...tensor, data: tensor.data.slice() });
    computed.set(kernel, weight);
    const axes = tensor.dims.slice(0, -1).map((_, axis) => axis);
    // Since opset 18 the axes are an input.
    const asInput = (opsets.get('') ?? opsets.get('ai.onnx') ?? 1) >= 18 ? [uniqueName(`${v}/axes`, taken)] : [];
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

/** The names of the two factors for each convolution kernel that is the result of weight normalization, by the kernel's name. */
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
  // A tensor with other readers stays unchanged.
  const others = nodes.flatMap((node) => [
    ...(node.opType === 'Conv' ? node.inputs.slice(2) : node.inputs),
    ...namesWithin(node),
  ]);
  for (const name of others) kernels.delete(name);
  return kernels;
}

/** PyTorch's names of the factors of weight normalization: a parametrization since 2.0, two plain names before. */
function listedFactors(module: string, { kinds }: Signature): readonly [string, string] | undefined {
  const names = [factorsOf(module), [`${module}.weight_g`, `${module}.weight_v`] as const];
  return names.find((pair) => pair.every((name) => kinds.get(name) === 'PARAMETER'));
}

/**
 * PyTorch's older exporter keeps the names of a convolution's tensors, and makes up a name for a computed one. A kernel without its name beside a
 * bias with one was computed by weight normalization: with a folded batch normalization, the bias would have lost its name too.
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
