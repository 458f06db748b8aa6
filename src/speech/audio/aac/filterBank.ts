/** From the spectra of one channel's frames to its samples (ISO/IEC 14496-3, 4.6.11). */

import { bessel } from '../bessel.ts';
import { frameSamples } from './config.ts';
import { CosineTransform } from './cosine.ts';
import type { WindowInfo } from './window.ts';

const shortSamples = frameSamples / 8;
/** Where the short windows begin in a frame's two halves. */
const margin = (frameSamples - shortSamples) / 2;

const longTransform = new CosineTransform(frameSamples);
const shortTransform = new CosineTransform(shortSamples);

/** One channel's: it keeps the second half of each frame's windows, which the next frame's first half is added to. */
export class FilterBank {
  private readonly overlap = new Float64Array(frameSamples);
  private readonly frame = new Float64Array(2 * frameSamples);
  private wasKaiser = false;

  /** Writes the next 1024 samples, of which 1 is the loudest of 16 bits, to `out` from `at` on; what is behind the end of `out` is left out. */
  next(spectrum: Float32Array, { sequence, isKaiser }: WindowInfo, out: Float32Array, at: number): void {
    const { frame, overlap, wasKaiser } = this;
    frame.fill(0);
    if (sequence === 'short') {
      for (let w = 0; w < 8; w++) {
        const rise = slope(shortSamples, w === 0 ? wasKaiser : isKaiser);
        addWindow(frame, margin + w * shortSamples, spectrum, w * shortSamples, rise, slope(shortSamples, isKaiser));
      }
    } else {
      const rise = slope(sequence === 'stop' ? shortSamples : frameSamples, wasKaiser);
      const fall = slope(sequence === 'start' ? shortSamples : frameSamples, isKaiser);
      addWindow(frame, 0, spectrum, 0, rise, fall);
    }
    const end = Math.min(frameSamples, out.length - at);
    for (let i = 0; i < end; i++) out[at + i] = ((overlap[i] ?? 0) + (frame[i] ?? 0)) / 2 ** 15;
    overlap.set(frame.subarray(frameSamples));
    this.wasKaiser = isKaiser;
  }
}

const turned = new Float64Array(frameSamples);

/**
 * Adds the inverse transform of one window's lines. A slope shorter than the window's half lies in its middle, with zeros outside and ones inside.
 */
function addWindow(
  out: Float64Array,
  at: number,
  spectrum: Float32Array,
  from: number,
  rise: Float64Array,
  fall: Float64Array,
): void {
  const isShort = at !== 0;
  const lines = isShort ? shortSamples : frameSamples;
  (isShort ? shortTransform : longTransform).run(spectrum, from, turned);
  const half = lines / 2;
  const add = (edge: Float64Array, i: number, place: number, value: number): void => {
    const k = i - (lines - edge.length) / 2;
    const weight = k < 0 ? 0 : k >= edge.length ? 1 : (edge[k] ?? 0);
    out[place] = (out[place] ?? 0) + (weight * value) / lines;
  };
  // The inverse transform is the cosine transform from its middle on, and mirrored behind its end.
  for (let i = 0; i < lines; i++) {
    const first = i < half ? (turned[i + half] ?? 0) : -(turned[3 * half - 1 - i] ?? 0);
    add(rise, i, at + i, first);
    const second = i < half ? -(turned[half - 1 - i] ?? 0) : -(turned[i - half] ?? 0);
    add(fall, lines - 1 - i, at + lines + i, second);
  }
}

const slopes = new Map<number, Float64Array>();

/** The rising half of a window; the falling one mirrors it. */
function slope(length: number, isKaiser: boolean): Float64Array {
  const key = isKaiser ? -length : length;
  let found = slopes.get(key);
  if (!found) {
    found = isKaiser ? kaiserSlope(length) : sineSlope(length);
    slopes.set(key, found);
  }
  return found;
}

function sineSlope(length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / (2 * length)));
}

/** Running sums of a Kaiser window with an alpha of 4 for long windows, and of 6 for short ones. */
function kaiserSlope(length: number): Float64Array {
  const alpha = length === frameSamples ? 4 : 6;
  const kernel = Float64Array.from({ length: length + 1 }, (_, i) =>
    bessel(Math.PI * alpha * Math.sqrt(1 - ((2 * i) / length - 1) ** 2)),
  );
  const total = kernel.reduce((sum, value) => sum + value, 0);
  let sum = 0;
  return kernel.subarray(0, length).map((value) => Math.sqrt((sum += value) / total));
}
