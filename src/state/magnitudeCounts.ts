/** Counts how many weights lie below an edge, exactly and for many edges, reading the weights once and then little of them. */

/** How many of a magnitude's 31 bits one bin leaves out: a bin is 2⁻⁷ wide, relative to where it stands. */
const binBits = 16;
const bins = 2 ** (31 - binBits);
const magnitudeBits = 0x7fff_ffff;

const one = new Float32Array(1);
const oneBits = new Uint32Array(one.buffer);

/**
 * Positive float32 numbers are in the order of their bits, so a histogram over the first of these says how many weights are below any
 * edge but for those in its own bin, which are read and sorted when they first matter.
 */
export class MagnitudeCounts {
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

/** The same memory as whole numbers. */
export const bitsOf = ({ buffer, byteOffset, length }: Float32Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length);

/** The bin of the float32 next to the edge: whatever is in a lower bin is below the edge, whatever is in a higher one is not. */
function binOf(edge: number): number {
  one[0] = edge;
  return (oneBits[0] ?? 0) >>> binBits;
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
