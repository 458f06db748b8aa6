/** The settings of a run: the choices, over the editor's settings, over the file beside the model. */

import {
  completeSettings,
  defaultSettings,
  SettingsError,
  type RunSettings,
  type SettingsInput,
} from '../../protocol/settings.ts';
import { granularityOf } from './granularity.ts';

/** The questions of the guided choice. */
export interface PruneChoices {
  readonly model: string;
  readonly train: string;
  readonly dev: string | null;
  readonly method: RunSettings['method'];
  /** Kept while the method has no granularity, for when it has one again. */
  readonly granularity: RunSettings['granularity'];
  /** Fraction of the gated weights. Kept while the method is `none`, for when it is not. */
  readonly target: number;
  readonly device: RunSettings['device'];
  /** What the model may cost, as it was typed: the engine finds the target by measuring the model. Null if a target was chosen. */
  readonly cost?: AskedCost | null;
  /** What was found for it. */
  readonly budget?: RunSettings['budget'];
}

export interface AskedCost {
  readonly kind: 'size' | 'latency';
  readonly text: string;
}

/** The settings that have a default before the first question. */
export type Suggested = Pick<PruneChoices, 'method' | 'granularity' | 'target' | 'device'>;

/** Settings from one place. Later layers override earlier ones. */
export interface SettingsLayer {
  /** The place's name in messages. */
  readonly from: string;
  readonly settings: unknown;
}

/** The editor's settings below `pinch.prune`, and the run's settings that they set. */
export const namedSettings: Readonly<Record<string, (value: unknown) => unknown>> = {
  epochs: (epochs) => ({ epochs, steps: null }),
  learningRate: (learningRate) => ({ optimizer: { learningRate } }),
  text: (text) => ({ text }),
  dropout: (dropout) => ({ dropout }),
  // Each of the two has a setting of its own, so that one says nothing of the other.
  maskTimeProb: (maskTimeProb) => ({ specAugment: { maskTimeProb, maskFeatureProb: undefined } }),
  maskFeatureProb: (maskFeatureProb) => ({ specAugment: { maskFeatureProb } }),
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
  const { model, train, dev, method, target, device, budget } = choices;
  const chosen: SettingsInput = {
    model,
    train,
    dev,
    method,
    granularity: granularityOf(choices),
    device,
    sparsity: { target },
    // What was asked of the run before, or by a file, does not hold for another target.
    budget: budget ?? defaultSettings.budget,
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

/** The layers' values for the guided choice, to offer them first; the defaults if the layers' values cannot be used. */
export function suggestedBy(layers: readonly SettingsLayer[]): Suggested {
  const nowhere = { model: '-', train: '-' };
  const suggestedFrom = (...settings: readonly unknown[]): Suggested => {
    // Method and granularity may come from places that do not fit together. That is no error: one of them decides about the other.
    const { method, device, sparsity } = completeSettings(...settings, nowhere, { granularity: 'weight' });
    const { granularity } = completeSettings(...settings, nowhere, { method: 'self-pinching' });
    return { method, granularity, device, target: sparsity.target };
  };
  try {
    return suggestedFrom(...layers.map(({ settings }) => settings));
  } catch {
    // Errors are reported when the run is prepared.
    return suggestedFrom();
  }
}
