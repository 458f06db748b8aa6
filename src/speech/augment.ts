/**
 * Makes each repetition of an utterance a little different, so that a model that knows its training data by heart still learns: stretches
 * of silence, as SpecAugment's time masks (Park et al. 2019) but in the samples, and white noise. An exported model has no dropout left.
 */

import { Random } from './random.ts';

export interface AugmentSettings {
  /** Share of an utterance's samples that is silenced. */
  readonly mask: number;
  /** Seconds of the longest stretch. */
  readonly maskSeconds: number;
  /** Most noise, its standard deviation as a share of the utterance's; each repetition gets between none and this. */
  readonly noise: number;
}

/** Keeps these random numbers apart from those that order the batches. */
const stream = 1;

/**
 * Changes samples in place. The seed, the epoch and the utterance alone decide how.
 * @param utterance its index among the run's utterances
 */
export function augment(
  samples: Float32Array,
  settings: AugmentSettings,
  sampleRate: number,
  { seed, epoch, utterance }: { readonly seed: number; readonly epoch: number; readonly utterance: number },
): void {
  const random = Random.seeded(seed, stream, epoch, utterance);
  if (settings.noise > 0) {
    const deviation = settings.noise * random.uniform() * standardDeviation(samples);
    for (let i = 0; i < samples.length; i++) samples[i] = (samples[i] ?? 0) + deviation * random.normal();
  }
  const longest = Math.min(samples.length, Math.round(settings.maskSeconds * sampleRate));
  for (let left = Math.floor(settings.mask * samples.length); left > 0 && longest > 0;) {
    const length = Math.min(left, 1 + random.below(longest));
    const start = random.below(samples.length - length + 1);
    samples.fill(0, start, start + length);
    left -= length;
  }
}

function standardDeviation(samples: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (const sample of samples) {
    sum += sample;
    squares += sample * sample;
  }
  const mean = sum / samples.length;
  return Math.sqrt(Math.max(0, squares / samples.length - mean * mean));
}
