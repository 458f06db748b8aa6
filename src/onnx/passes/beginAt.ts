/** Cuts off the part of a model before one of its values, which becomes an input. */

import { encodeInput } from '../file/encode.ts';
import { rewriteFile } from '../file/rewriteFile.ts';
import { viewFile, type ModelFile } from '../file/load.ts';
import { withFields } from '../file/protoCopy.ts';
import { namesWithin, withoutUnread } from '../graph/subgraphs.ts';

export interface Beginning {
  /** The value that becomes an input: float32, of this rank. */
  readonly name: string;
  readonly rank: number;
  /** The former input. It stays an input if a node reads its shape. */
  readonly input: string;
  /** The only output that is kept. */
  readonly output: string;
}

/** @returns undefined if the elements of the former input are still read: the part before the value cannot be cut off. */
export function beginAt(file: ModelFile, { name, rank, input, output }: Beginning): ModelFile | undefined {
  const { graph } = file.proto;
  if (!graph) return undefined;
  const left = file.model.graph.nodes.filter(({ outputs }) => !outputs.includes(name));
  const read = new Set(withoutUnread(left, [output]));
  const reads = [...read].flatMap((node) => (ofShape(node) ? [] : [...node.inputs, ...namesWithin(node)]));
  if (reads.includes(input) || !reads.includes(name)) return undefined;
  const names = new Set([...read].flatMap((node) => [...node.inputs, ...namesWithin(node)]));
  const view = viewFile(
    file,
    withFields(file.proto, {
      graph: withFields(graph, {
        node: graph.node.filter((_, i) => read.has(file.model.graph.nodes[i] as (typeof left)[number])),
        input: [...graph.input.filter((value) => names.has(value.name)), encodeInput(name, rank)],
        output: graph.output.filter((value) => value.name === output),
      }),
    }),
  );
  // Removes the weights that nothing reads any more.
  return rewriteFile(view, view.model.graph.nodes, new Map());
}

const ofShape = ({ opType, domain }: { readonly opType: string; readonly domain: string }): boolean =>
  domain === '' && (opType === 'Shape' || opType === 'Size');
