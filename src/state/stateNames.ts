/** Names of the tensors that live from step to step; checkpoints use them too. */

export const stateNames = {
  weight: (initializer: string) => `weight/${initializer}`,
  mean: (initializer: string) => `adam.m/${initializer}`,
  square: (initializer: string) => `adam.v/${initializer}`,
  gradient: (initializer: string) => `gradient/${initializer}`,
  /** Of self-pinching gates, [layers]; in units of `rms`. */
  thresholds: 'thresholds',
  rms: 'rms',
  /** What the scores of grouped layers are counted from, [layers]; absent without any. */
  bases: 'bases',
  thresholdMean: 'adam.m/thresholds',
  thresholdSquare: 'adam.v/thresholds',
  /** Of a grouped layer, [groups]: for how many updates in a row each group that is in the model has been dead. */
  deadFor: (gate: number) => `groups/${gate}/dead`,
  /** Of a grouped layer, [groups before any was removed]: 1 for each group that is in the model; absent if all are. */
  present: (gate: number) => `groups/${gate}/present`,
  /** Of a search among channels, [layers, candidates]: log α, and how many channels each candidate keeps. */
  architecture: 'architecture',
  candidates: 'candidates',
  architectureMean: 'adam.m/architecture',
  architectureSquare: 'adam.v/architecture',
  /** [channels]: each channel's rank by magnitude before training. */
  channelRanks: (initializer: string) => `channels/${initializer}`,
} as const;
