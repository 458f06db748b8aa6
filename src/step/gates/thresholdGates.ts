/** Self-pinching gates in the training graph: one vector holds the thresholds of all layers, whose gates may decide about weights or groups. */

import { int } from '../../onnx/graph/graph.ts';
import type { Value } from '../../onnx/graph/value.ts';
import { closeGate, gateGradients, type Gate } from '../../prune/gates.ts';
import { adamw } from '../adamw.ts';
import { GroupedGates } from './groupedGates.ts';
import {
  inGateOrder,
  type GateContext,
  type GatedWeight,
  type GateNumbers,
  type LearnedGates,
} from './learnedGates.ts';
import { stateNames } from '../../state/stateNames.ts';

export function thresholdGates({ b, layers, tau, optimizer, state, carry, adamScalars }: GateContext): LearnedGates {
  const thresholds = state(stateNames.thresholds, [layers]);
  const rms = state(stateNames.rms, [layers]);
  const one = (values: Value, index: number): Value => b.op('Gather', [values, b.int(index)], { axis: int(0) });
  const numbersOf = (index: number): Omit<Gate, 'weight'> => ({
    threshold: one(thresholds, index),
    rms: one(rms, index),
  });
  /** One for each layer of a stack, in the rank of its weights. */
  const each = (values: Value, { stack = [], dims }: GatedWeight): Value => {
    const found = b.op('Gather', [values, b.ints(stack.map(({ gate }) => gate))], { axis: int(0) });
    return b.op('Reshape', [found, b.ints([stack.length, ...dims.map(() => 1)])]);
  };
  const gates = new Map<number, Gate>();
  const gradients: GateNumbers[] = [];
  let groups: GroupedGates | undefined;

  /** Through the weight's own gate, if it has one. */
  const closeOwn = (weight: GatedWeight) => {
    const { gate: index, stack, initializer, dims, flat, whole } = weight;
    if (index === undefined) return { used: whole, kept: undefined };
    const numbers = stack ? { threshold: each(thresholds, weight), rms: each(rms, weight) } : numbersOf(index);
    const gate = { weight: flat, ...numbers };
    gates.set(index, gate);
    const { masked, kept } = closeGate(b, gate, initializer);
    return { used: stack ? masked : b.op('Reshape', [masked, b.ints(dims)]), kept };
  };
  const gatesOf = ({ stack, gate = 0 }: GatedWeight): readonly number[] => stack?.map(({ gate }) => gate) ?? [gate];

  return {
    close: (weights) => {
      const closed = weights.map((weight) => ({ weight, ...closeOwn(weight) }));
      const used = new Map(
        closed.flatMap(({ weight: { stack, initializer }, used }) =>
          stack
            ? stack.map(({ initializer }, i) => [initializer, one(used, i)] as const)
            : [[initializer, used] as const],
        ),
      );
      if (weights.some((weight) => weight.groups.length > 0)) {
        const bases = state(stateNames.bases, [layers]);
        groups = new GroupedGates(b, tau, closed, (index) => ({ ...numbersOf(index), base: one(bases, index) }));
        return groups.closed;
      }
      const counts = closed.flatMap(({ weight, kept }) => (kept ? [{ gates: gatesOf(weight), values: kept }] : []));
      return { used, kept: counts.map(({ values }) => values), layers: inGateOrder(b, counts) };
    },
    gather: (incoming, pressure) => {
      for (const [gate, values] of groups?.gather(incoming, pressure) ?? []) gradients.push({ gates: [gate], values });
    },
    through: (weight, gradient, pressure) => {
      const { gate: index, initializer } = weight;
      const grouped = weight.groups.length > 0 ? groups : undefined;
      const gate = index === undefined ? undefined : gates.get(index);
      if (index === undefined || !gate) {
        if (!grouped) throw new Error(`the gate of "${initializer}" was not closed`);
        return grouped.throughScores(weight, grouped.through(weight, gradient));
      }
      const own = gateGradients(b, gate, gradient, tau, pressure, initializer, grouped?.alive(weight));
      gradients.push({ gates: gatesOf(weight), values: own.threshold });
      return grouped ? grouped.throughScores(weight, own.weight) : own;
    },
    update: () => {
      const gradient = inGateOrder(b, gradients);
      const mean = state(stateNames.thresholdMean, [layers]);
      const square = state(stateNames.thresholdSquare, [layers]);
      const before = { weight: thresholds, mean, square };
      const next = adamw(b, before, gradient, optimizer.betas, adamScalars('gates'), undefined, 'thresholds');
      carry(thresholds, next.weight);
      carry(mean, next.mean);
      carry(square, next.square);
      for (const rest of groups?.rests((gate, count) => state(stateNames.deadFor(gate), [count])) ?? []) {
        carry(rest.before, rest.next);
      }
    },
  };
}
