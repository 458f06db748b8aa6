/** Removes the exporter's debug information from a file, which would be a third of a small 8-bit model. */

import { viewFile, type ModelFile } from './load.ts';
import { withFields } from './protoCopy.ts';
import { namesIn, namesWithin } from '../graph/subgraphs.ts';

/** PyTorch's traces of its own source code. The layers' names are stored elsewhere. */
const traces: ReadonlySet<string> = new Set([
  'namespace',
  'pkg.torch.onnx.class_hierarchy',
  'pkg.torch.onnx.stack_trace',
]);

/** Shorter names are unchanged. */
const longName = 8;

/** The same model without traces, and with short names for the values between nodes. Nodes and stored tensors keep their names. */
export function stripMetadata(file: ModelFile): ModelFile {
  const { proto } = file;
  if (!proto.graph) return file;
  const names = shortNames(file);
  const short = (name: string): string => names.get(name) ?? name;
  const node = proto.graph.node.map((stored) =>
    withFields(stored, {
      input: stored.input.map(short),
      output: stored.output.map(short),
      metadataProps: stored.metadataProps.filter(({ key }) => !traces.has(key)),
    }),
  );
  return viewFile(file, withFields(proto, { graph: withFields(proto.graph, { node, valueInfo: [] }) }));
}

function shortNames({ model: { graph } }: ModelFile): Map<string, string> {
  const taken = new Set(namesIn(graph));
  const kept = new Set([
    ...graph.outputs.map(({ name }) => name),
    ...graph.nodes.flatMap(namesWithin),
    // The weights that are stored as integers are found by these names.
    ...graph.nodes.filter(({ opType }) => opType === 'DequantizeLinear').flatMap(({ outputs }) => outputs),
  ]);
  const names = new Map<string, string>();
  let next = 0;
  for (const output of graph.nodes.flatMap(({ outputs }) => outputs)) {
    if (output.length <= longName || kept.has(output)) continue;
    let name: string;
    do name = `v${next++}`;
    while (taken.has(name));
    names.set(output, name);
  }
  return names;
}
