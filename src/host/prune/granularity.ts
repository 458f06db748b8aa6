/** What a run's gates decide about, and what each choice buys, in the words of the guided choice. */

import type { RunSettings } from '../../protocol/settings.ts';

export type Granularity = RunSettings['granularity'];

/** Only the gates of self-pinching leave the choice. */
export function granularityOf({ method, granularity }: Pick<RunSettings, 'method' | 'granularity'>): Granularity {
  return method === 'self-pinching' ? granularity : 'weight';
}

export interface GranularityTexts {
  readonly label: string;
  /** What is pruned. */
  readonly inShort: string;
  /** What is done to the gated weights. */
  readonly doing: string;
  /** What they will be. */
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
    doing: 'to take out, in whole units and heads',
    outcome: 'gone, in whole units and heads',
    buys: 'a smaller and faster model in every runtime',
  },
  'neuron+weight': {
    label: 'Both',
    inShort: 'units, heads and single weights',
    doing: 'to take out with their units and heads, or to set to zero',
    outcome: 'gone with their units and heads, or zero',
    buys: 'a smaller and faster model, with zeros that compress well in what is left of it',
  },
};

/** The question for the share, or what stands above the box to type it in. */
export function targetQuestion(granularity: Granularity): { readonly pick: string; readonly type: string } {
  const { doing, buys } = granularityTexts[granularity];
  return {
    pick: `How many gated weights ${doing}? ${buys.charAt(0).toUpperCase()}${buys.slice(1)}`,
    type: `Percentage of the gated weights ${doing}: ${buys}`,
  };
}
