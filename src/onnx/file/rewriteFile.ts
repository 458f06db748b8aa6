/** Replaces the nodes and stored tensors of a loaded model; the rest of the file stays. */

import type { NodeProto } from 'onnx-buf';
import { nodeProto, tensorProto } from './encode.ts';
import { OnnxFileError } from '../../base/errors.ts';
import type { Node } from '../graph/graph.ts';
import { viewFile, type ModelFile } from './load.ts';
import { withFields } from './protoCopy.ts';
import { namesWithin } from '../graph/subgraphs.ts';
import type { Tensor } from '../graph/tensor.ts';

/**
 * @param nodes in order. Those of the loaded model are written as they were read, the others are encoded.
 * @param tensors new and changed initializers, by name. An initializer that nothing reads any more, or that is now a node's output, is
 *   left out.
 */
export function rewriteFile(file: ModelFile, nodes: readonly Node[], tensors: ReadonlyMap<string, Tensor>): ModelFile {
  const { graph } = file.proto;
  if (!graph) throw new OnnxFileError(file.path, 'this is not an ONNX model');
  const originals = new Map(file.model.graph.nodes.map((node, i) => [node, graph.node[i]]));
  const read = new Set([
    ...nodes.flatMap((node) => [...node.inputs, ...namesWithin(node)]),
    ...graph.output.map(({ name }) => name),
  ]);
  const computed = new Set(nodes.flatMap(({ outputs }) => outputs));
  const initializer = graph.initializer.flatMap((stored) => {
    const tensor = tensors.get(stored.name);
    if (!read.has(stored.name) || computed.has(stored.name)) return [];
    return [tensor ? tensorProto(stored.name, tensor) : stored];
  });
  const given = new Set(graph.initializer.map(({ name }) => name));
  const added = [...tensors].filter(([name]) => !given.has(name)).map(([name, tensor]) => tensorProto(name, tensor));
  const rewritten = withFields(graph, {
    node: withOwnNames(nodes.map((node) => originals.get(node) ?? nodeProto(node))),
    initializer: [...initializer, ...added],
    // Initializers need not be inputs too, and the inputs' shapes may be wrong now.
    input: graph.input.filter(({ name }) => !given.has(name)),
    // Shape hints for values whose shapes may have changed, or that are gone.
    valueInfo: [],
  });
  // Before version 4 of the format every initializer had to be a graph input, too.
  const irVersion = file.proto.irVersion < 4n ? 4n : file.proto.irVersion;
  return viewFile(file, withFields(file.proto, { graph: rewritten, irVersion }));
}

/** Makes the nodes' names unique: onnxruntime refuses a file with duplicates. The node in place of another takes over its name. */
function withOwnNames(nodes: readonly NodeProto[]): NodeProto[] {
  const taken = new Set(nodes.map(({ name }) => name));
  const used = new Set<string>();
  return nodes.map((node) => {
    if (node.name === '') return node;
    let name = node.name;
    for (let i = 2; used.has(name); i++) if (!taken.has(`${node.name}_${i}`)) name = `${node.name}_${i}`;
    used.add(name);
    taken.add(name);
    return name === node.name ? node : withFields(node, { name });
  });
}
