/** Random numbers: the published generator, independent streams, and distributions. */

import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';

test('gives the numbers of the published xoshiro128**', () => {
  const random = new Random([1, 2, 3, 4]);
  const drawn = Array.from({ length: 10 }, () => random.uint32());
  // The authors' C code written again with Python's unbounded integers gives these.
  expect(drawn).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ]);
});

test('has another stream for every seed and path', () => {
  const paths = [[0], [1], [2 ** 32], [2 ** 40], [0, 0], [0, 1], [1, 0], [0, 0, 1], [-1]] as const;
  const firsts = paths.map(([seed, ...path]) => Random.seeded(seed, ...path).uint32());
  expect(new Set(firsts).size).toBe(paths.length);
  expect(Random.seeded(5, 2).uint32()).toBe(Random.seeded(5, 2).uint32());
});

test('draws uniform, bounded and normal numbers with the right moments', () => {
  const random = Random.seeded(11);
  const n = 100_000;
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < n; i++) counts[random.below(7)]! += 1;
  for (const count of counts) expect(Math.abs(count - n / 7)).toBeLessThan(5 * Math.sqrt(n / 7));

  const normals = Array.from({ length: n }, () => random.normal());
  const mean = normals.reduce((sum, x) => sum + x, 0) / n;
  const variance = normals.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
  const within = normals.filter((x) => Math.abs(x) < 1).length / n;
  expect(Math.abs(mean)).toBeLessThan(0.015);
  expect(Math.abs(variance - 1)).toBeLessThan(0.02);
  expect(Math.abs(within - 0.6827)).toBeLessThan(0.006);

  for (let i = 0; i < 1000; i++) {
    const x = random.uniform();
    expect(x >= 0 && x < 1).toBe(true);
  }
});

test('shuffles every item to every place equally often', () => {
  const random = Random.seeded(1);
  const seen = new Map<string, number>();
  const n = 24_000;
  for (let i = 0; i < n; i++) {
    const key = random.shuffled(['a', 'b', 'c', 'd']).join('');
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  expect(seen.size).toBe(24);
  for (const count of seen.values()) expect(Math.abs(count - n / 24)).toBeLessThan(5 * Math.sqrt(n / 24));
});
