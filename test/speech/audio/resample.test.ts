/** Resampling: sines come through in place and at full height, what the new rate cannot hold is gone, constants stay. */

import { describe, expect, test } from 'vitest';
import { resample } from '../../../src/speech/audio/resample.ts';

const sine = (frequency: number, rate: number, seconds = 0.5): Float32Array =>
  Float32Array.from({ length: Math.round(rate * seconds) }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / rate));

/** The largest difference away from the ends, where the filter reaches into the silence around the signal. */
function difference(a: Float32Array, b: Float32Array): number {
  let most = 0;
  for (let i = 300; i < a.length - 300; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

const rates: [number, number][] = [
  [44_100, 16_000],
  [48_000, 16_000],
  [22_050, 16_000],
  [8_000, 16_000],
  [11_025, 16_000],
  [16_000, 22_050],
  [15_999, 16_000],
];

describe.each(rates)('%i Hz to %i Hz', (from, to) => {
  const nyquist = Math.min(from, to) / 2;

  test.each([0.05, 0.3, 0.6, 0.85])('a sine at %f of the pass band is unchanged, to -60 dB', (share) => {
    const resampled = resample(sine(share * nyquist, from), from, to);
    expect(resampled).toHaveLength(Math.ceil((Math.round(from * 0.5) * to) / from));
    expect(difference(resampled, sine(share * nyquist, to))).toBeLessThan(1e-3);
  });

  test('a constant stays what it is', () => {
    const resampled = resample(new Float32Array(from >> 2).fill(0.7), from, to);
    for (let i = 300; i < resampled.length - 300; i++) expect(resampled[i]).toBeCloseTo(0.7, 6);
  });
});

test.each([
  [44_100, 16_000, 8_300],
  [44_100, 16_000, 12_000],
  [48_000, 16_000, 15_000],
  [48_000, 16_000, 23_000],
  [22_050, 16_000, 8_400],
])('from %i Hz to %i Hz, a sine of %i Hz leaves no alias above -60 dB', (from, to, frequency) => {
  const resampled = resample(sine(frequency, from), from, to);
  expect(difference(resampled, new Float32Array(resampled.length))).toBeLessThan(1e-3);
});

test('the same rate is no work at all', () => {
  const samples = sine(100, 16_000);
  expect(resample(samples, 16_000, 16_000)).toBe(samples);
});
