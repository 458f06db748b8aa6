/** The size after gzip: of everything as zlib has it, and of a sample with an interval that holds what it promises. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../../src/base/random.ts';
import { gzippedSize } from '../../../src/measure/cost/gzippedSize.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-gzip-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Layers of 256 kB, each as sparse as `sparsityOf` says. */
function write(name: string, layers: number, sparsityOf: (layer: number) => number): { path: string; gzipped: number } {
  const random = Random.seeded(1);
  const weights = new Float32Array(layers << 16);
  for (let i = 0; i < weights.length; i++)
    weights[i] = random.uniform() < sparsityOf(i >> 16) ? 0 : random.uniform() - 0.5;
  const path = join(folder, name);
  writeFileSync(path, weights);
  return { path, gzipped: gzipSync(new Uint8Array(weights.buffer)).length };
}

test('a small file is compressed whole, and an empty one is a frame', async () => {
  const { path, gzipped } = write('small', 2, () => 0.5);
  const { gzippedBytes, gzippedError } = await gzippedSize([path]);
  expect(gzippedError).toBeNull();
  expect(Math.abs(gzippedBytes / gzipped - 1)).toBeLessThan(5e-4);
  writeFileSync(join(folder, 'empty'), '');
  expect(await gzippedSize([join(folder, 'empty')])).toEqual({ gzippedBytes: gzipSync('').length, gzippedError: null });
});

describe.each([
  ['dense', () => 0],
  ['equally sparse', () => 0.6],
  ['sparser layer by layer', (layer: number) => layer / 48],
  ['one layer in three pruned', (layer: number) => (layer % 3 === 0 ? 0.9 : 0)],
])('a file of 12 MB, %s', (name, sparsityOf) => {
  test('the sample holds what all of it comes to', async () => {
    const { path, gzipped } = write(name, 48, sparsityOf);
    const small = write('beside', 1, () => 0);
    const said: number[] = [];
    const exact = await gzippedSize([small.path, path], { exact: true, onProgress: (done) => said.push(done) });
    expect(exact.gzippedError).toBeNull();
    expect(Math.abs(exact.gzippedBytes / (gzipped + small.gzipped) - 1)).toBeLessThan(5e-4);
    expect(said).toEqual(said.toSorted((a, b) => a - b));
    expect(said.at(-1)).toBe(49 << 18);
    const sampled = await gzippedSize([small.path, path]);
    expect(sampled.gzippedError).toBeGreaterThan(0);
    expect(Math.abs(sampled.gzippedBytes - exact.gzippedBytes)).toBeLessThan(sampled.gzippedError ?? 0);
    expect(sampled.gzippedError).toBeLessThan(0.12 * exact.gzippedBytes);
    expect(await gzippedSize([small.path, path])).toEqual(sampled);
  });
});
