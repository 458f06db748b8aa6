/**
 * On the CPU the new state is written over the old, so in the training graph of every method whatever reads a tensor of the state must come
 * before the node that gives its next value: that node must depend on it.
 */
import { describe, expect, test } from 'vitest';
import type { Node } from '../../src/onnx/graph/graph.ts';
import type { GateMode } from '../../src/state/parameter.ts';
import { buildTrainingGraph, type Accumulation } from '../../src/step/trainingGraph.ts';
import { toyModel } from '../train/toy.ts';

const units = { gate: 0, groups: 32, start: 0, length: 1, gated: true };
const gives = [{ ...units, axis: 1, reads: false }];
const reads = [{ ...units, axis: 0, reads: true }];

const gatings = {
  weight: [{ gate: 0 }, { gate: 1 }],
  neuron: [{ groups: gives }, { groups: reads }],
  'neuron+weight': [
    { groups: gives, gate: 1 },
    { groups: reads, gate: 2 },
  ],
} as const;

function build(
  gates: GateMode,
  granularity: keyof typeof gatings,
  candidates: number | undefined,
  accumulation: Accumulation,
) {
  return buildTrainingGraph({
    model: toyModel(),
    parameters: [
      { initializer: 'conv', dims: [16, 1, 320], trained: true },
      { initializer: 'dense0', dims: [16, 32], trained: true, channelAxis: 1, ...gatings[granularity][0] },
      { initializer: 'bias0', dims: [32], trained: true },
      { initializer: 'dense1', dims: [32, 32], trained: true, channelAxis: 1, ...gatings[granularity][1] },
      { initializer: 'bias1', dims: [32], trained: true },
      { initializer: 'head', dims: [32, 5], trained: true },
    ],
    shape: { rows: 2, samples: 8000, labels: 3 },
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
  ['thresholds', 'learning', 'weight', undefined],
  ['thresholds of groups', 'learning', 'neuron', undefined],
  ['thresholds of groups and weights', 'learning', 'neuron+weight', undefined],
  ['channels', 'learning', 'weight', 4],
  ['fixed masks', 'fixed', 'weight', undefined],
  ['fixed masks of groups', 'fixed', 'neuron', undefined],
] as const)('%s', (_, gates, granularity, candidates) => {
  test.each(['none', 'add', 'update'] as const)('accumulation: %s', (accumulation) => {
    const { model, slots } = build(gates, granularity, candidates, accumulation);
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
