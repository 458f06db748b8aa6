/** The weights of a model as training sees them, and what gates do to them. */

import type { GroupedAxis, LeftOfAxis } from '../prune/groupGates.ts';

/** A weight tensor of the model. */
export interface TrainedParameter {
  /** The initializer in the model's file. */
  readonly initializer: string;
  readonly dims: readonly number[];
  /** Whether training changes it. */
  readonly trained: boolean;
  /** The gated layer whose single weights these are, by its index among the gated layers. What has a gate is trained. */
  readonly gate?: number;
  /** The parts of it that belong to groups of gated layers. */
  readonly groups?: readonly GroupedAxis[];
  /** What is left of the axis that its groups cut; undefined if all is. */
  readonly left?: LeftOfAxis;
  /** The axis of its layer's output features; 0 if it is not said. */
  readonly channelAxis?: number;
}

/** Whether gates decide about its weights, by themselves or in groups. */
export function isGated({ gate, groups = [] }: Pick<TrainedParameter, 'gate' | 'groups'>): boolean {
  return gate !== undefined || groups.some(({ gated }) => gated);
}

/**
 * What the gates do: they are `learning`, or `fixed` where every weight that is zero stays zero (once they rest, and for methods that
 * choose the mask beforehand).
 */
export type GateMode = 'learning' | 'fixed';

/** How many layers are gated: each has a threshold. */
export function gatedLayers(parameters: readonly TrainedParameter[]): number {
  const gates = parameters.flatMap(({ gate, groups = [] }) => [gate ?? -1, ...groups.map((cut) => cut.gate)]);
  return Math.max(-1, ...gates) + 1;
}
