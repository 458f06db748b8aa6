/** What a model in training is made from, and what its training graphs are made from. */

import type { BatchShape } from '../speech/batches/batches.ts';
import type { FeatureCut } from './featureCut.ts';
import { maskedAxes, type SpecAugmentSettings } from './specAugment.ts';
import type { TrainingGraphOptions, TrainingGraphSettings } from './trainingGraph.ts';
import type { GatedLayer } from '../state/layerChoice.ts';
import type { Device } from '../runtime/session.ts';

export interface TrainingSessionOptions extends Omit<TrainingGraphOptions, 'shape' | 'accumulation' | 'settings'> {
  /** The gated layers, in the order of their indices. */
  readonly layers: readonly Pick<GatedLayer, 'name' | 'size'>[];
  /** If set, batches come as these features of the model instead of audio. */
  readonly features?: FeatureCut | undefined;
  readonly frames: (samples: number) => number;
  readonly device: Device;
  readonly threads: number | undefined;
  readonly settings: Omit<TrainingGraphSettings, 'tiles' | 'stacks' | 'masked'>;
  /** None if it is not said. */
  readonly specAugment?: SpecAugmentSettings | undefined;
  /** The seed of the masks, and of the noise in a search among channels. */
  readonly seed: number;
  /** For the profile of a benchmark or a test. */
  readonly profilePrefix?: string;
}

/**
 * What the training graph for a shape of batch is made from: the one place that says so, for the run and for what is foreseen of it.
 * @param update false for a batch whose gradients are only added to those of the next.
 */
export function trainingGraphOptions(
  options: TrainingSessionOptions,
  shape: BatchShape,
  update = true,
): TrainingGraphOptions {
  const cpu = options.device === 'cpu';
  const { settings, specAugment } = options;
  return {
    ...options,
    shape,
    accumulation: settings.accumulate <= 1 ? 'none' : update ? 'update' : 'add',
    settings: { ...settings, masked: specAugment && maskedAxes(specAugment), tiles: cpu, stacks: !cpu },
  };
}
