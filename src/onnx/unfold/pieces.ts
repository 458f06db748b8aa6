/** Splits stored tensors that a model cuts into pieces, such as the biases of an attention that an exporter joined into one vector. */

import { evaluate } from '../folding/evaluate.ts';
import type { Node } from '../graph/graph.ts';
import type { ModelFile } from '../file/load.ts';
import { adapt } from '../opset/opset.ts';
import { rewriteFile } from '../file/rewriteFile.ts';
import { Rewriter } from '../graph/rewriter.ts';
import { namesWithin } from '../graph/subgraphs.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Value } from '../graph/value.ts';

/**
 * The same model (`file` itself, if it cuts nothing) in which each piece is a stored tensor, and can be a parameter. Training the pieces
 * equals training the whole: AdamW works element by element, and the norm of the gradient is over all of them.
 * @param isWhole whether a stored tensor must stay whole, because it is a parameter itself
 */
export function takeApart(file: ModelFile, isWhole: (name: string) => boolean): ModelFile {
  const { graph, opsets } = file.model;
  if (!graph.nodes.some(cuts)) return file;
  const pieces = new Map<string, Tensor>();
  const constants = new Map(graph.nodes.flatMap(constantOf));
  const fixed = new Set([...graph.outputs.map(({ name }) => name), ...graph.nodes.flatMap(namesWithin)]);
  const stored = (name: string): Tensor | undefined =>
    pieces.get(name) ?? graph.initializers.get(name) ?? constants.get(name);
  const nodes = graph.nodes.filter((node) => {
    const [first = ''] = node.inputs;
    const tensors = node.inputs.map((name) => (name === '' ? undefined : stored(name)));
    const known = node.inputs.every((name, i) => name === '' || tensors[i]);
    if (!cuts(node) || !known || !tensors[0]?.type.includes('float') || isWhole(first)) return true;
    if (node.outputs.some((name) => fixed.has(name))) return true;
    const r = new Rewriter({});
    const operands = tensors.map((tensor, i) => tensor && r.b.constant(tensor, node.inputs[i] ?? ''));
    const results = elementsOf(r, adapt(r, node, operands, opsets));
    if (node.outputs.some((name, i) => name !== '' && !results[i])) return true;
    node.outputs.forEach((name, i) => {
      const piece = results[i];
      // A copy: a tensor that is trained later must not be part of another.
      if (name !== '' && piece) pieces.set(name, { ...piece, data: piece.data.slice() });
    });
    return false;
  });
  return pieces.size > 0 ? rewriteFile(file, nodes, pieces) : file;
}

/** The builder leaves large constants to the runtime, so these are evaluated here. */
function elementsOf(r: Rewriter, values: readonly (Value | undefined)[]): (Tensor | undefined)[] {
  const [written] = [...r.b.operands].slice(-1);
  const computed = written && evaluate(written[0], written[1].inputs, written[1].outputs);
  return values.map((value) => value?.constant ?? (value && computed?.[written?.[1].outputs.indexOf(value) ?? -1]));
}

const cuts = ({ opType, domain }: Node): boolean => domain === '' && (opType === 'Split' || opType === 'Slice');

function constantOf({ opType, outputs: [name = ''], attributes }: Node): (readonly [string, Tensor])[] {
  const value = attributes['value'];
  return opType === 'Constant' && value?.type === 'tensor' ? [[name, value.value]] : [];
}
