/** Names of the tensors that live from step to step; checkpoints use them too. */

export const stateNames = {
  weight: (initializer: string) => `weight/${initializer}`,
  mean: (initializer: string) => `adam.m/${initializer}`,
  square: (initializer: string) => `adam.v/${initializer}`,
  gradient: (initializer: string) => `gradient/${initializer}`,
  /** Thresholds of self-pinching gates, [layers]; in units of `rms`. */
  thresholds: 'thresholds',
  rms: 'rms',
  /** What the scores of grouped layers are counted from, [layers]; absent without any. */
  bases: 'bases',
  thresholdMean: 'adam.m/thresholds',
  thresholdSquare: 'adam.v/thresholds',
  /** For how many updates in a row each group of a grouped layer has been dead, [groups in the model]. */
  deadFor: (gate: number) => `groups/${gate}/dead`,
  /** 1 for each group of a grouped layer that is in the model, [groups before any was removed]; absent if all are. */
  present: (gate: number) => `groups/${gate}/present`,
  /** The search among channels, [layers, candidates]: log α, and how many channels each candidate keeps. */
  architecture: 'architecture',
  candidates: 'candidates',
  architectureMean: 'adam.m/architecture',
  architectureSquare: 'adam.v/architecture',
  /** [channels]: each channel's rank by magnitude before training. */
  channelRanks: (initializer: string) => `channels/${initializer}`,
} as const;
