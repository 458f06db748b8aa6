/** The search of channel-wise pruning in the training graph: one matrix, layers by candidates, holds what it has learned. */

import { int } from '../../onnx/graph/graph.ts';
import type { Value } from '../../onnx/graph/value.ts';
import { channelGradients, mixChannels, type ChannelGate, type MixedWeight } from '../../prune/channelGates.ts';
import { adamw } from '../adamw.ts';
import { inGateOrder, type GateContext, type LearnedGates } from './learnedGates.ts';
import { stateNames } from '../../state/stateNames.ts';

/** @param candidates of each layer. */
export function channelSearch(
  { b, layers, optimizer, state, carry, adamScalars }: GateContext,
  candidates: number,
): LearnedGates {
  const all = [layers, candidates];
  const logits = state(stateNames.architecture, all);
  const counts = state(stateNames.candidates, all);
  const noise = b.input('gumbel_noise', 'float32', all);
  const temperature = b.input('temperature', 'float32', []);
  const row = (values: Value, index: number): Value => b.op('Gather', [values, b.int(index)], { axis: int(0) });
  const closed = new Map<number, { gate: ChannelGate; mixture: MixedWeight['mixture'] }>();
  const gradients: Value[] = [];
  return {
    close: (weights) => {
      const used = new Map<string, Value>();
      const kept: Value[] = [];
      for (const { gate: index, initializer, dims, channelAxis, whole } of weights) {
        if (index === undefined) continue;
        const gate = {
          weight: whole,
          axis: channelAxis,
          ranks: state(stateNames.channelRanks(initializer), [dims[channelAxis] ?? 1]),
          counts: row(counts, index),
          logits: row(logits, index),
          noise: row(noise, index),
          temperature,
        };
        const mixed = mixChannels(b, gate, initializer);
        closed.set(index, { gate, mixture: mixed.mixture });
        used.set(initializer, mixed.mixed);
        kept[index] = mixed.kept;
      }
      return {
        used,
        kept,
        layers: inGateOrder(
          b,
          kept.map((values, gate) => ({ gates: [gate], values })),
        ),
      };
    },
    through: ({ gate: index, initializer, dims, flat }, gradient, pressure) => {
      const own = index === undefined ? undefined : closed.get(index);
      if (index === undefined || !own) throw new Error(`the gate of "${initializer}" was not closed`);
      const incoming = b.op('Reshape', [gradient, b.ints(dims)]);
      const found = channelGradients(b, own.gate, own.mixture, incoming, pressure, initializer);
      gradients[index] = found.logits;
      return { weight: b.op('Reshape', [found.weight, b.ints(flat.dims)]), squares: found.squares };
    },
    update: () => {
      const gradient = b.op(
        'Concat',
        gradients.map((g) => b.op('Reshape', [g, b.ints([1, candidates])])),
        { axis: int(0) },
      );
      const mean = state(stateNames.architectureMean, all);
      const square = state(stateNames.architectureSquare, all);
      const before = { weight: logits, mean, square };
      const next = adamw(b, before, gradient, optimizer.betas, adamScalars('gates'), undefined, 'architecture');
      carry(logits, next.weight);
      carry(mean, next.mean);
      carry(square, next.square);
    },
  };
}
