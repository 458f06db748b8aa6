/**
 * Changes the sample rate with a polyphase filter: a sinc at the lower of the two Nyquist frequencies under a Kaiser window
 * (Smith, "Digital Audio Resampling", CCRMA). Ours, because the small packages at hand alias audibly or have no types.
 */

import { bessel } from './bessel.ts';

/** Zero crossings of the sinc on each side: with the roll-off below, aliases of speech stay under -80 dB. */
const zeroCrossings = 32;
/** The filter's middle, as a share of the lower Nyquist frequency, so that its slope ends just above it. */
const rollOff = 0.945;
/** Kaiser's beta for a stop band of about -90 dB. */
const beta = 9;

/**
 * `samples` at another rate: ceil(length * to / from) of them, in phase with the input, silence assumed around it.
 * Rates are whole numbers of samples a second.
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return samples;
  const divisor = greatestCommonDivisor(from, to);
  const up = to / divisor;
  const down = from / divisor;
  const cutoff = rollOff * Math.min(1, to / from);
  const reach = Math.ceil(zeroCrossings / cutoff);
  const phases = new Map<number, Float32Array>();
  const length = Math.ceil((samples.length * up) / down);
  const out = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    // Output i lies at input position i * down / up: a whole part, and a phase in parts of 1 / up.
    const centre = Math.floor((i * down) / up);
    const phase = (i * down) % up;
    let filter = phases.get(phase);
    if (!filter) {
      filter = makeFilter(phase / up, cutoff, reach);
      phases.set(phase, filter);
    }
    const first = centre - reach + 1;
    const begin = Math.max(0, -first);
    const end = Math.min(filter.length, samples.length - first);
    let sum = 0;
    for (let k = begin; k < end; k++) sum += (filter[k] ?? 0) * (samples[first + k] ?? 0);
    out[i] = sum;
  }
  return out;
}

/** The filter for outputs that lie `offset` of an input sample behind one: 2 * reach taps that sum to 1. */
function makeFilter(offset: number, cutoff: number, reach: number): Float32Array {
  const taps = Float64Array.from({ length: 2 * reach }, (_, k) => {
    const distance = k - reach + 1 - offset;
    const x = Math.PI * cutoff * distance;
    const window = bessel(beta * Math.sqrt(Math.max(0, 1 - (distance / reach) ** 2)));
    return window * (x === 0 ? 1 : Math.sin(x) / x);
  });
  // Every phase passes a constant unchanged; else the phases' small differences would be heard as a tone.
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return Float32Array.from(taps, (tap) => tap / sum);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
