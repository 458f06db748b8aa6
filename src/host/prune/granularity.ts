/** The granularities of a run, with labels and details for the guided choice. */

import type { RunSettings } from '../../protocol/settings.ts';

export type Granularity = RunSettings['granularity'];

/** Only the gates of self-pinching have a granularity. */
export function granularityOf({ method, granularity }: Pick<RunSettings, 'method' | 'granularity'>): Granularity {
  return method === 'self-pinching' ? granularity : 'weight';
}

export interface GranularityTexts {
  readonly label: string;
  /** The pruned unit, as a noun. */
  readonly inShort: string;
  /** The effect of the gates on the weights. */
  readonly doing: string;
  /** The weights after pruning. */
  readonly outcome: string;
  readonly buys: string;
}

export const granularityTexts: Readonly<Record<Granularity, GranularityTexts>> = {
  weight: {
    label: 'Single weights',
    inShort: 'single weights',
    doing: 'to set to zero',
    outcome: 'zero',
    buys: 'a smaller compressed file, not a faster model',
  },
  neuron: {
    label: 'Units and heads',
    inShort: 'units and heads',
    doing: 'to remove, in whole units and heads',
    outcome: 'removed, in whole units and heads',
    buys: 'a smaller and faster model in every runtime',
  },
  'neuron+weight': {
    label: 'Both',
    inShort: 'units, heads and single weights',
    doing: 'to remove with their units and heads, or to set to zero',
    outcome: 'removed with their units and heads, or zero',
    buys: 'a smaller and faster model, whose zeros compress well',
  },
};

/** The title of the question for the target sparsity, and of the box for another value. */
export function targetQuestion(granularity: Granularity): { readonly pick: string; readonly type: string } {
  const { doing, buys } = granularityTexts[granularity];
  return {
    pick: `How many gated weights ${doing}? ${buys.charAt(0).toUpperCase()}${buys.slice(1)}`,
    type: `Percentage of the gated weights ${doing}: ${buys}`,
  };
}
