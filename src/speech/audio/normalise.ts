/** Scales an utterance to zero mean and unit variance, as Hugging Face's Wav2Vec2FeatureExtractor does. */

/**
 * (x - mean) / sqrt(variance + 1e-7) in place, over the whole utterance; the variance is the population's.
 * Sums are in double precision, so that the result does not depend on the utterance's length.
 */
export function normalise(samples: Float32Array): void {
  const { length } = samples;
  if (length === 0) return;
  let sum = 0;
  for (const sample of samples) sum += sample;
  const mean = sum / length;
  let squares = 0;
  for (const sample of samples) squares += (sample - mean) ** 2;
  const scale = 1 / Math.sqrt(squares / length + 1e-7);
  for (let i = 0; i < length; i++) samples[i] = ((samples[i] ?? 0) - mean) * scale;
}
