/** Seeded random sentences for the tests of the metrics. */

/** Numbers from 0 up to 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `length` words out of the first `vocabulary` letters. */
export function sentence(random: () => number, length: number, vocabulary: number): string[] {
  return Array.from({ length }, () => String.fromCharCode(97 + Math.floor(random() * vocabulary)));
}

/** The words with about `rate` of them replaced, dropped or doubled by another. */
export function distort(random: () => number, words: readonly string[], rate: number, vocabulary: number): string[] {
  return [...words, undefined].flatMap((word) => {
    const own = word === undefined ? [] : [word];
    if (random() >= rate) return own;
    const other = sentence(random, 1, vocabulary);
    const choice = Math.floor(random() * 3);
    return choice === 0 ? other : choice === 1 ? [] : [...other, ...own];
  });
}
