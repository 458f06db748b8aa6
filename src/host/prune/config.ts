/** The settings of a run from what was chosen, the editor's settings and those beside the model. */

import { completeSettings, SettingsError, type RunSettings, type SettingsInput } from '../../protocol/settings.ts';
import { granularityOf } from './granularity.ts';

/** What the guided choice asks for. */
export interface PruneChoices {
  readonly model: string;
  readonly train: string;
  readonly dev: string | null;
  readonly method: RunSettings['method'];
  /** Kept while the method has none to choose, for when it has. */
  readonly granularity: RunSettings['granularity'];
  /** Share of the gated weights; kept while the method is `none`, for when it is not. */
  readonly target: number;
  readonly device: RunSettings['device'];
}

/** What has a value before anybody is asked. */
export type Suggested = Pick<PruneChoices, 'method' | 'granularity' | 'target' | 'device'>;

/** Settings from one place. Later layers override earlier ones. */
export interface SettingsLayer {
  /** How a message names the place. */
  readonly from: string;
  readonly settings: unknown;
}

/** The editor's settings that have a name of their own, below `pinch.prune`, and what they set. */
export const namedSettings: Readonly<Record<string, (value: unknown) => unknown>> = {
  epochs: (epochs) => ({ epochs, steps: null }),
  learningRate: (learningRate) => ({ optimizer: { learningRate } }),
  dropout: (dropout) => ({ dropout }),
  maskTimeProb: (maskTimeProb) => ({ specAugment: { maskTimeProb } }),
  granularity: (granularity) => ({ granularity }),
  batchSeconds: (seconds) => ({ batch: { seconds } }),
  seed: (seed) => ({ seed }),
  checkpointSteps: (everySteps) => ({ checkpoint: { everySteps } }),
  keepCheckpoints: (keep) => ({ checkpoint: { keep } }),
};

/**
 * The complete settings of a run, as `--config` takes them.
 * @throws SettingsError naming the place, the key and what it must be.
 */
export function pruneConfig(layers: readonly SettingsLayer[], choices: PruneChoices): RunSettings {
  const { model, train, dev, method, target, device } = choices;
  const chosen: SettingsInput = {
    model,
    train,
    dev,
    method,
    granularity: granularityOf(choices),
    device,
    sparsity: { target },
  };
  for (const { from, settings } of layers) {
    try {
      completeSettings(settings, chosen);
    } catch (error) {
      throw error instanceof SettingsError ? new SettingsError(`${from}: ${error.message}`) : error;
    }
  }
  return completeSettings(...layers.map(({ settings }) => settings), chosen);
}

/** What the layers say of what the guided choice asks for, to offer it first; the defaults if they cannot be used. */
export function suggestedBy(layers: readonly SettingsLayer[]): Suggested {
  const nowhere = { model: '-', train: '-' };
  const suggestedFrom = (...settings: readonly unknown[]): Suggested => {
    // Method and granularity may come from places that do not go together, and are not refused for it: the one decides about the other.
    const { method, device, sparsity } = completeSettings(...settings, nowhere, { granularity: 'weight' });
    const { granularity } = completeSettings(...settings, nowhere, { method: 'self-pinching' });
    return { method, granularity, device, target: sparsity.target };
  };
  try {
    return suggestedFrom(...layers.map(({ settings }) => settings));
  } catch {
    // What is wrong is said when the run is prepared.
    return suggestedFrom();
  }
}
