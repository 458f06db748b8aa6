/** Seeded random numbers. */

/**
 * xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021): 128 bits of state and a
 * period of 2^128 - 1. For shuffling and sampling, not for secrets.
 */
export class Random {
  private readonly words: Uint32Array;

  /** @param words the state: four 32-bit words, not all zero. */
  constructor(words: ArrayLike<number>) {
    this.words = Uint32Array.from(words);
  }

  /** A generator for a seed and a path of numbers below it, such as an epoch. Each path has an independent stream. */
  static seeded(seed: number, ...path: readonly number[]): Random {
    // Each part has a low and a high half, so that large and negative numbers are used in full.
    const halves = [seed, ...path].flatMap((part) => [part >>> 0, Math.floor(part / 2 ** 32)]);
    let hash = 0;
    for (const half of halves) hash = scramble((hash + increment) ^ half);
    const words = Uint32Array.from({ length: 4 }, () => (hash = scramble(hash + increment)));
    if (words.every((word) => word === 0)) words[0] = 1;
    return new Random(words);
  }

  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.words;
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const [c1, d1] = [c ^ a, d ^ b];
    this.words[0] = a ^ d1;
    this.words[1] = b ^ c1;
    this.words[2] = c1 ^ (b << 9);
    this.words[3] = rotateLeft(d1, 11);
    return result;
  }

  /** A number in [0, 1), a multiple of 2^-32. */
  uniform(): number {
    return this.uint32() / 2 ** 32;
  }

  /** A whole number in [0, bound), uniformly distributed. `bound` is at most 2^32. */
  below(bound: number): number {
    // Numbers beyond the last whole multiple of the bound would favour small results: draw again.
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const draw = this.uint32();
      if (draw < limit) return draw % bound;
    }
  }

  /** A standard normal number (Box and Muller, 1958). The second number of each pair is discarded, so that the four words are the whole state. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A copy of the items in random order (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const order = [...items];
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j] as T, order[i] as T];
    }
    return order;
  }
}

/** 2^32 over the golden ratio, as SplitMix uses: it keeps a hash of zeros from staying zero. */
const increment = 0x9e3779b9;

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** MurmurHash3's finalizer: one changed bit of the input changes half the bits of the output. */
function scramble(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
