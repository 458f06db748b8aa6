/** Counts how many weights lie below an edge, exactly and for many edges, reading the weights once. */

import { bitsOf } from '../onnx/graph/tensor.ts';

/** How many of a magnitude's 31 bits one bin leaves out: a bin is 2⁻⁷ wide, relative to where it stands. */
const binBits = 16;
const bins = 2 ** (31 - binBits);
const magnitudeBits = 0x7fff_ffff;

const one = new Float32Array(1);
const oneBits = new Uint32Array(one.buffer);

/** How many magnitudes are below an edge. */
export interface MagnitudeCounts {
  /** At least and at most how many are below the edge, found without reading a weight. */
  readonly bounds: (edge: number) => readonly [number, number];
  /** How many are below the edge. */
  readonly below: (edge: number) => number;
}

/**
 * Positive float32 numbers are in the order of their bits, so a histogram over the first of these says how many weights are below any
 * edge but for those in its own bin, which are read and sorted when they first matter.
 */
export class MagnitudeHistogram implements MagnitudeCounts {
  private readonly weights: () => Float32Array;
  /** How many magnitudes are in a bin or below it. NaN is above everything. */
  private readonly upTo = new Uint32Array(bins);
  private readonly sorted = new Map<number, Float32Array>();

  /** @param weights gives the same numbers whenever it is called; what it gives is not kept. */
  constructor(weights: () => Float32Array) {
    this.weights = weights;
    const { upTo } = this;
    const bits = bitsOf(weights());
    // By index: many times faster than by iterator.
    for (let i = 0; i < bits.length; i++) {
      const bin = ((bits[i] as number) & magnitudeBits) >>> binBits;
      upTo[bin] = (upTo[bin] as number) + 1;
    }
    for (let bin = 1; bin < bins; bin++) upTo[bin] = (upTo[bin] ?? 0) + (upTo[bin - 1] ?? 0);
  }

  /** At least and at most how many magnitudes are below the edge, found without reading a weight. */
  bounds(edge: number): readonly [number, number] {
    // Nothing is below NaN either.
    if (!(edge > 0)) return [0, 0];
    const bin = binOf(edge);
    return [this.upTo[bin - 1] ?? 0, this.upTo[bin] ?? 0];
  }

  /** How many magnitudes are below the edge. */
  below(edge: number): number {
    const [least, most] = this.bounds(edge);
    return least === most ? least : least + countSmaller(this.sortedBin(binOf(edge)), edge);
  }

  /** About how many magnitudes are below the edge, as if those of its bin were evenly spread in it. No weight is read. */
  about(edge: number): number {
    const [least, most] = this.bounds(edge);
    const share = (magnitudeOf(edge) & (2 ** binBits - 1)) / 2 ** binBits;
    return least + share * (most - least);
  }

  private sortedBin(bin: number): Float32Array {
    let own = this.sorted.get(bin);
    if (!own) {
      const weights = this.weights();
      own = new Float32Array((this.upTo[bin] ?? 0) - (this.upTo[bin - 1] ?? 0));
      const bits = bitsOf(weights);
      let at = 0;
      for (let i = 0; i < bits.length; i++) {
        if (((bits[i] ?? 0) & magnitudeBits) >>> binBits === bin) own[at++] = Math.abs(weights[i] ?? 0);
      }
      this.sorted.set(bin, own.sort());
    }
    return own;
  }
}

/**
 * For edges near one that is known about: the magnitudes within three thousandths of it are sorted, and those below are counted, in one reading.
 * An edge elsewhere is counted by a histogram.
 */
export class MagnitudesNear implements MagnitudeCounts {
  private readonly weights: () => Float32Array;
  private readonly low: number;
  private readonly high: number;
  private readonly belowLow: number;
  private readonly size: number;
  private readonly near: Float32Array;
  private histogram: MagnitudeHistogram | undefined;

  /** @param weights gives the same numbers whenever it is called; what it gives is not kept. @param edge above 0 */
  constructor(weights: () => Float32Array, edge: number) {
    this.weights = weights;
    this.low = Math.fround(edge * (1 - nearby));
    this.high = Math.fround(edge * (1 + nearby));
    const values = weights();
    this.size = values.length;
    const found = scratchOf(values.length);
    const { below, near } = splitAt(bitsOf(values), found, magnitudeOf(this.low), magnitudeOf(this.high));
    this.belowLow = below;
    // Sorted as numbers; the copy lets go of the memory that was not needed.
    this.near = new Float32Array(found.slice(0, near).buffer).sort();
  }

  bounds(edge: number): readonly [number, number] {
    if (this.histogram) return this.histogram.bounds(edge);
    if (!(edge > 0)) return [0, 0];
    if (edge < this.low) return [0, this.belowLow];
    if (edge >= this.high) return [this.belowLow + this.near.length, this.size];
    const exact = this.below(edge);
    return [exact, exact];
  }

  below(edge: number): number {
    if (edge >= this.low && edge < this.high) return this.belowLow + countSmaller(this.near, edge);
    this.histogram ??= new MagnitudeHistogram(this.weights);
    return this.histogram.below(edge);
  }
}

/** Several times what a sample of millions of weights is wrong by (see freezeFactor.ts). */
const nearby = 3e-3;

let scratch = new Int32Array();

/** Memory that is used again for each tensor, since new memory would be filled with zeros each time. */
function scratchOf(length: number): Int32Array {
  if (scratch.length < length) scratch = new Int32Array(length);
  return scratch;
}

/** Counts magnitudes below `low`, and copies those from `low` to below `high` to the beginning of `into`. */
function splitAt(bits: Int32Array, into: Int32Array, low: number, high: number): { below: number; near: number } {
  const range = high - low;
  let [below, near] = [0, 0];
  for (let i = 0; i < bits.length; i++) {
    const magnitude = (bits[i] as number) & magnitudeBits;
    const above = magnitude - low;
    below -= above >> 31;
    if (above >>> 0 < range) into[near++] = magnitude;
  }
  return { below, near };
}

/** The bits of a positive float32. */
function magnitudeOf(value: number): number {
  one[0] = value;
  return oneBits[0] ?? 0;
}

/** The bin of the float32 next to the edge: whatever is in a lower bin is below the edge, whatever is in a higher one is not. */
function binOf(edge: number): number {
  return magnitudeOf(edge) >>> binBits;
}

function countSmaller(sorted: Float32Array, edge: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((sorted[middle] ?? 0) < edge) from = middle + 1;
    else to = middle;
  }
  return from;
}
