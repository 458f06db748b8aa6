/** Names in the bodies of loops and branches, which see the values of the enclosing graph. */

import type { Graph, Node } from './graph.ts';

/** All names that a graph defines or reads, including those in its nodes' bodies. */
export function namesIn({ nodes, inputs, outputs, initializers }: Graph): string[] {
  return [
    ...[...inputs, ...outputs].map(({ name }) => name),
    ...initializers.keys(),
    ...nodes.flatMap((node) => [...node.inputs, ...node.outputs, ...namesWithin(node)]),
  ];
}

/** All names in the bodies of a node. */
export function namesWithin({ attributes }: Node): string[] {
  return Object.values(attributes).flatMap((attribute) => (attribute.type === 'graph' ? namesIn(attribute.value) : []));
}

/** The nodes that the graph's outputs depend on. */
export function withoutUnread(nodes: readonly Node[], outputs: Iterable<string>): Node[] {
  const read = new Set(outputs);
  const kept = nodes.toReversed().filter((node) => {
    const keep = node.outputs.some((name) => name !== '' && read.has(name));
    if (keep) for (const name of [...node.inputs, ...namesWithin(node)]) read.add(name);
    return keep;
  });
  return kept.toReversed();
}
