/**
 * On the CPU the new state is written over the old, so in the training graph of every method whatever reads a tensor of the state must come
 * before the node that gives its next value: that node must depend on it.
 */
import { describe, expect, test } from 'vitest';
import type { Node } from '../../../src/onnx/graph.ts';
import { buildTrainingGraph, type Accumulation, type GateMode } from '../../../src/train/graph/trainingGraph.ts';
import { toyModel } from '../toy.ts';

function build(gates: GateMode, candidates: number | undefined, accumulation: Accumulation) {
  return buildTrainingGraph({
    model: toyModel(),
    parameters: [
      { initializer: 'conv', dims: [16, 1, 320], trained: true },
      { initializer: 'dense0', dims: [16, 32], trained: true, gate: 0, channelAxis: 1 },
      { initializer: 'bias0', dims: [32], trained: true },
      { initializer: 'dense1', dims: [32, 32], trained: true, gate: 1, channelAxis: 1 },
      { initializer: 'bias1', dims: [32], trained: true },
      { initializer: 'head', dims: [32, 5], trained: true },
    ],
    shape: { utterances: 2, samples: 8000, labels: 3 },
    audioInput: 'input_values',
    logitsOutput: 'logits',
    blank: 0,
    gates,
    candidates,
    accumulation,
    settings: {
      optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 },
      tau: 0.1,
      quadratic: 10,
      dropout: 0,
      accumulate: accumulation === 'none' ? 1 : 2,
      tiles: false,
    },
  });
}

/** What a node reads, with what the bodies of Scans read from around them. */
function readsOf(node: Node): string[] {
  const bodies = Object.values(node.attributes).flatMap((held) => (held.type === 'graph' ? [held.value] : []));
  return [...node.inputs, ...bodies.flatMap((body) => body.nodes.flatMap(readsOf))];
}

describe.each([
  ['thresholds', 'learning', undefined],
  ['channels', 'learning', 4],
  ['fixed masks', 'fixed', undefined],
] as const)('%s', (_, gates, candidates) => {
  test.each(['none', 'add', 'update'] as const)('accumulation: %s', (accumulation) => {
    const { model, slots } = build(gates, candidates, accumulation);
    const { nodes } = model.graph;
    const madeBy = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
    const written = slots.filter(({ output }) => output !== undefined);
    expect(written.length).toBeGreaterThan(4);
    for (const { inputs, output } of written) {
      const before = new Set<Node>();
      const visit = (name: string): void => {
        const node = madeBy.get(name);
        if (!node || before.has(node)) return;
        before.add(node);
        readsOf(node).forEach(visit);
      };
      visit(output!.name);
      const names = new Set(inputs.map(({ name }) => name));
      const late = nodes.filter((node) => !before.has(node) && readsOf(node).some((name) => names.has(name)));
      expect(late.map(({ name }) => `${name} reads ${[...names].join()}`)).toEqual([]);
    }
  });
});
