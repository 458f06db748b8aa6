/** Channel-wise pruning outside the graph: ranks by magnitude on either axis, candidates, and the choice that comes nearest to a target. */

import { describe, expect, test } from 'vitest';
import {
  candidateCounts,
  chooseCandidates,
  keepChannels,
  likeliest,
  rankChannels,
  type Candidates,
} from '../../src/prune/chooseChannels.ts';
import { Random } from '../../src/base/random.ts';

describe('channels', () => {
  // Two rows, three columns; the columns' squares add up to 17, 8 and 26, the rows' to 21 and 30.
  const weights = Float32Array.of(4, -2, 1, 1, 2, 5);

  test('are ranked along their axis, the largest first', () => {
    expect([...rankChannels(weights, [2, 3], 1)]).toEqual([1, 2, 0]);
    expect([...rankChannels(weights, [2, 3], 0)]).toEqual([1, 0]);
    expect([...rankChannels(Float32Array.of(1, 1, 2, 2, 1, 1, 0, 0), [2, 2, 2], 1)]).toEqual([1, 0]);
  });

  test('of equal magnitude keep their order', () => {
    expect([...rankChannels(Float32Array.of(1, -1, 1, -1), [1, 4], 1)]).toEqual([0, 1, 2, 3]);
  });

  test('are kept whole, the largest', () => {
    expect([...keepChannels(weights, [2, 3], 1, Float32Array.of(1, 2, 0), 2)]).toEqual([4, 0, 1, 1, 0, 5]);
    expect([...keepChannels(weights, [2, 3], 0, Float32Array.of(1, 0), 1)]).toEqual([0, 0, 0, 1, 2, 5]);
    expect([...weights]).toEqual([4, -2, 1, 1, 2, 5]);
  });

  test('candidates keep a whole number of them, and never none', () => {
    expect(candidateCounts(32, [0.01, 0.1, 0.5, 1])).toEqual([1, 3, 16, 32]);
  });
});

describe('choosing', () => {
  test('the likeliest candidate wins, a smaller one if it is as likely', () => {
    expect(likeliest({ logits: [0, 3, 3, 1], sizes: [1, 2, 3, 4], size: 4 })).toBe(1);
  });

  const random = Random.seeded(8);
  const layers: Candidates[] = Array.from({ length: 12 }, (_, l) => {
    const size = l % 2 === 0 ? 4096 : 16384;
    const sizes = Array.from({ length: 10 }, (_, i) => ((i + 1) * size) / 10);
    return { logits: sizes.map(() => random.normal()), sizes, size };
  });
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const sparsity = (chosen: readonly number[]) =>
    1 - chosen.reduce((sum, i, l) => sum + layers[l]!.sizes[i]!, 0) / total;

  test.each([0.2, 0.5, 0.75, 0.85])('comes as near to %d as one step of one layer', (target) => {
    const found = sparsity(chooseCandidates(layers, target));
    expect(Math.abs(found - target)).toBeLessThanOrEqual(0.06);
  });

  test('no choice of the same size or less is likelier', () => {
    const two = layers.slice(0, 3).map(({ logits, sizes, size }) => ({ logits: [...logits], sizes: [...sizes], size }));
    const chosen = chooseCandidates(two, 0.6);
    const of = (choice: readonly number[]) => ({
      size: choice.reduce((sum, i, l) => sum + two[l]!.sizes[i]!, 0),
      logit: choice.reduce((sum, i, l) => sum + two[l]!.logits[i]!, 0),
    });
    const own = of(chosen);
    for (let code = 0; code < 1000; code++) {
      const other = of([code % 10, Math.floor(code / 10) % 10, Math.floor(code / 100)]);
      if (other.size === own.size) expect(other.logit).toBeLessThanOrEqual(own.logit + 1e-9);
    }
  });

  test('a target that the likeliest candidates meet leaves them as they are', () => {
    const plain = layers.map((layer) => likeliest(layer));
    expect(chooseCandidates(layers, sparsity(plain))).toEqual(plain);
  });

  test('the ends of what candidates allow', () => {
    expect(chooseCandidates(layers, 0)).toEqual(layers.map(() => 9));
    expect(chooseCandidates(layers, 0.99)).toEqual(layers.map(() => 0));
  });
});
