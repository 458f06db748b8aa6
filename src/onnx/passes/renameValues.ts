/** A loaded model with other names for some of its values. */

import type { AttributeProto, GraphProto, NodeProto } from 'onnx-buf';
import { OnnxFileError } from '../../base/errors.ts';
import { viewFile, type ModelFile } from '../file/load.ts';
import { withFields } from '../file/protoCopy.ts';

/**
 * @param names new names by old ones. A value that has a new name already gets another one.
 * @param reserved names that no value is to have afterwards.
 * @returns a model that computes the same; `file` itself does not change, and shares all tensors with it.
 */
export function renameValues(
  file: ModelFile,
  names: ReadonlyMap<string, string>,
  reserved: readonly string[] = [],
): ModelFile {
  const { graph } = file.proto;
  if (!graph) throw new OnnxFileError(file.path, 'this is not an ONNX model');
  const taken = new Set(allNames(graph));
  const changes = new Map([...names].filter(([from, to]) => from !== to));
  for (const to of [...changes.values(), ...reserved]) {
    if (!taken.has(to) || changes.has(to)) continue;
    let other = `${to}_2`;
    for (let i = 3; taken.has(other); i++) other = `${to}_${i}`;
    changes.set(to, other);
    taken.add(other);
  }
  if (changes.size === 0) return file;
  return viewFile(file, withFields(file.proto, { graph: renamed(graph, (name) => changes.get(name) ?? name) }));
}

function allNames(graph: GraphProto): string[] {
  return [
    ...[...graph.input, ...graph.output, ...graph.initializer].map(({ name }) => name),
    ...graph.node.flatMap(({ input, output, attribute }) => [
      ...input,
      ...output,
      ...bodies(attribute).flatMap((body) => allNames(body)),
    ]),
  ];
}

const bodies = (attributes: readonly AttributeProto[]): GraphProto[] =>
  attributes.flatMap(({ g, graphs }) => (g ? [g, ...graphs] : graphs));

function renamed(graph: GraphProto, rename: (name: string) => string): GraphProto {
  const named = <M extends GraphProto['input'][number] | GraphProto['initializer'][number]>(value: M): M => {
    const name = rename(value.name);
    return name === value.name ? value : withFields<M>(value, { name } as Partial<M>);
  };
  const body = (attribute: AttributeProto): AttributeProto => {
    if (bodies([attribute]).length === 0) return attribute;
    const graphs = attribute.graphs.map((inner) => renamed(inner, rename));
    return withFields(attribute, { graphs, ...(attribute.g ? { g: renamed(attribute.g, rename) } : {}) });
  };
  const node = (one: NodeProto): NodeProto =>
    withFields(one, {
      input: one.input.map(rename),
      output: one.output.map(rename),
      attribute: one.attribute.map(body),
    });
  return withFields(graph, {
    node: graph.node.map(node),
    input: graph.input.map(named),
    output: graph.output.map(named),
    initializer: graph.initializer.map(named),
    valueInfo: graph.valueInfo.map(named),
  });
}
