/** Restores batch normalization behind convolutions into whose kernel and bias an exporter folded it. */

import { uniqueName } from '../graph/uniqueName.ts';
import type { Graph, Node } from '../graph/graph.ts';
import type { ModelFile } from '../file/load.ts';
import { moduleOf, type Signature } from '../graph/names.ts';
import { rewriteFile } from '../file/rewriteFile.ts';
import { namesIn, namesWithin } from '../graph/subgraphs.ts';
import { float32, type Tensor } from '../graph/tensor.ts';
import { isMadeUp, written } from './common.ts';

/**
 * A trained batch normalization multiplies each channel by a number and adds one. PyTorch trains both, and the kernel before them; exporters fold all
 * into one kernel and one bias. The file does not tell the multiplier's part of the kernel: the multiplier becomes 1, with which PyTorch starts,
 * and the folded kernel stays.
 * @returns the same model up to rounding; `file` itself if there is nothing to unfold.
 */
export function unfoldBatchNorm(file: ModelFile, signature: Signature): ModelFile {
  const { graph } = file.model;
  const folded = foldedNorms(graph, signature);
  if (folded.size === 0) return file;
  const taken = new Set(namesIn(graph));
  const tensors = new Map<string, Tensor>();
  const nodes = graph.nodes.flatMap((node) => {
    const module = folded.get(node);
    const [input = '', kernel = '', bias = ''] = node.inputs;
    const [output = ''] = node.outputs;
    const offset = offsetOf(graph, kernel, bias);
    if (module === undefined || !offset) return [node];
    // The kernel's spatial axes follow the channel axis.
    const spatial = (graph.initializers.get(kernel)?.dims.slice(2) ?? []).map(() => 1);
    const dims = [...offset.dims, ...spatial];
    const [weight, shift] = ['weight', 'bias'].map((role) => {
      // An equal tensor may have the name; the node's module then tells what it is.
      const name = `${module}.${role}`;
      return uniqueName(taken.has(name) ? `unfolded/${name}` : name, taken);
    }) as [string, string];
    const [convolved, scaled] = ['convolved', 'scaled'].map((step) => uniqueName(`${output}/${step}`, taken)) as [
      string,
      string,
    ];
    tensors.set(weight, float32(new Float32Array(offset.data.length).fill(1), dims));
    tensors.set(shift, { ...offset, dims, data: offset.data.slice() });
    const parts = node.metadata ? { metadata: node.metadata } : {};
    // If the name tells the module, this is a module of its own.
    const path = node.metadata ? node.name : node.name.replace(/[^/]*$/, 'batch_norm');
    const named = (last: string) => ({ ...parts, name: `${path}/${last}` });
    return [
      { ...node, inputs: [input, kernel], outputs: [convolved] },
      { ...written('Mul', [convolved, weight], scaled), ...named('scale') },
      { ...written('Add', [scaled, shift], output), ...named('shift') },
    ];
  });
  return rewriteFile(file, nodes, tensors);
}

/** The convolutions with a folded batch normalization, with its module. */
function foldedNorms(graph: Graph, signature: Signature): Map<Node, string> {
  const { nodes, initializers } = graph;
  const known = signature.kinds.size > 0;
  const reads = nodes.flatMap((node) => [...node.inputs, ...namesWithin(node)]);
  const found = new Map<Node, string>();
  for (const node of nodes) {
    const [, kernel = '', bias = ''] = node.inputs;
    const module = moduleOf(node);
    if (node.opType !== 'Conv' || !module || !initializers.has(kernel)) continue;
    if (offsetOf(graph, kernel, bias)?.type !== 'float32') continue;
    // A module that is called twice is not unfolded.
    if (reads.filter((read) => read === kernel).length > 1) continue;
    // It was unfolded before.
    const isScaled = nodes.some(
      (next) => next.opType === 'Mul' && next.inputs[0] === node.outputs[0] && moduleOf(next) === module,
    );
    if (isScaled) continue;
    if (known ? isListed(module, signature) : isMadeUp(kernel) && isMadeUp(bias)) {
      found.set(node, known ? module : `${module}.batch_norm`);
    }
  }
  return found;
}

/** The bias; zeros if it was omitted. Equal biases of several layers may be one tensor, which Identity nodes pass on. */
function offsetOf({ nodes, initializers }: Graph, kernel: string, bias: string): Tensor | undefined {
  if (bias === '') {
    const channels = initializers.get(kernel)?.dims[0] ?? 0;
    return float32(new Float32Array(channels), [channels]);
  }
  const alias = nodes.find(({ opType, outputs }) => opType === 'Identity' && outputs[0] === bias);
  return initializers.get(alias?.inputs[0] ?? bias);
}

/** Dynamo's exporter names the convolution like the normalization that was folded into it. */
function isListed(module: string, { kinds }: Signature): boolean {
  const parts = ['weight', 'bias'].every((part) => kinds.get(`${module}.${part}`) === 'PARAMETER');
  return parts && kinds.get(`${module}.running_mean`) === 'BUFFER';
}
