/** Temporal noise shaping: filters along the spectrum, which give noise the shape of the sound in time (ISO/IEC 14496-3, 4.6.9). */

import type { Bands } from './bands.ts';
import type { BitReader } from './bits.ts';
import type { WindowInfo } from './window.ts';

export interface NoiseFilter {
  /** Lines of the spectrum. */
  readonly from: number;
  readonly to: number;
  readonly isDownward: boolean;
  /** Of the values before, the nearest first. */
  readonly weights: Float64Array;
}

export function readNoiseShaping(bits: BitReader, info: WindowInfo, bands: Bands): NoiseFilter[] {
  const isShort = info.sequence === 'short';
  const reach = Math.min(info.bands, isShort ? bands.shortNoiseShaping : bands.longNoiseShaping);
  const edge = (band: number): number => info.edges[Math.min(band, reach)] ?? 0;
  const filters: NoiseFilter[] = [];
  for (let window = 0; window < (isShort ? 8 : 1); window++) {
    const count = bits.read(isShort ? 1 : 2);
    const resolution = count > 0 ? bits.read(1) + 3 : 0;
    let bottom = info.edges.length - 1;
    for (let i = 0; i < count; i++) {
      const top = bottom;
      bottom = Math.max(0, top - bits.read(isShort ? 4 : 6));
      const order = bits.read(isShort ? 3 : 5);
      if (order > (isShort ? 7 : 12)) throw new Error('it has a noise filter of too high an order');
      if (order === 0) continue;
      const isDownward = bits.flag();
      const width = resolution - bits.read(1);
      const reflections = Array.from({ length: order }, () => readReflection(bits, width, resolution));
      const start = window * info.lines;
      const [from, to] = [start + edge(bottom), start + edge(top)];
      if (to > from) filters.push({ from, to, isDownward, weights: toWeights(reflections) });
    }
  }
  return filters;
}

/** In place. */
export function shapeNoise(spectrum: Float32Array, filters: readonly NoiseFilter[]): void {
  for (const { from, to, isDownward, weights } of filters) {
    const step = isDownward ? -1 : 1;
    const first = isDownward ? to - 1 : from;
    for (let n = 0, at = first; n < to - from; n++, at += step) {
      let value = spectrum[at] ?? 0;
      for (let k = 0; k < Math.min(n, weights.length); k++) {
        value -= (weights[k] ?? 0) * (spectrum[at - (k + 1) * step] ?? 0);
      }
      spectrum[at] = value;
    }
  }
}

/** A number with a sign, of `width` bits, in steps of the arc sine. */
function readReflection(bits: BitReader, width: number, resolution: number): number {
  const raw = bits.read(width);
  const value = raw >= 2 ** (width - 1) ? raw - 2 ** width : raw;
  const steps = 2 ** (resolution - 1) + (value >= 0 ? -0.5 : 0.5);
  return Math.sin((value * Math.PI) / 2 / steps);
}

/** From reflection coefficients to the filter's weights, by Levinson's recursion. */
function toWeights(reflections: readonly number[]): Float64Array {
  let weights: number[] = [];
  for (const reflection of reflections) {
    const before = weights;
    weights = [...before.map((weight, i) => weight + reflection * (before[before.length - 1 - i] ?? 0)), reflection];
  }
  return Float64Array.from(weights);
}
