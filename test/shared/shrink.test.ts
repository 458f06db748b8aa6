/**
 * Shrunk models beside the same models with zeros: twenty masks of each export, the extremes among them, and several batches and lengths; and
 * the groups of files that onnxruntime's optimizer wrote.
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, describe, expect, test } from 'vitest';
import { checkModel } from '../../src/onnx/graph/check.ts';
import { loadModel } from '../../src/onnx/file/load.ts';
import { exposeParameters } from '../../src/onnx/model/parameters.ts';
import { saveModel } from '../../src/onnx/file/save.ts';
import { chooseGates, isMatrix } from '../../src/prune/chooseGates.ts';
import type { GroupedLayer } from '../../src/prune/groups.ts';
import { findGroups } from '../prune/findGroups.ts';
import { shrinkModel } from '../../src/prune/shrink.ts';
import { livingGroups } from '../../src/prune/shrink/livingGroups.ts';
import { maskedFile, masksFor, type Kind } from '../prune/masks.ts';

const shared = process.env['PINCH_SHARED'] ?? join(import.meta.dirname, '../../../shared');
const exports = ['reference/w2v2-tiny', 'models/w2v2-digits'].flatMap((model) =>
  ['model.onnx', 'model.legacy.onnx'].map((file) => ({ model, file, path: join(shared, model, file) })),
);

/** All kept, one kept, none kept, and whole layers gone beside others; then random ones. */
const kinds: readonly Kind[] = ['all', 'one', 'none', 'mixed', 'mixed', 'mixed', 'mixed'];

const batches = [
  [1, 16000],
  [3, 3201],
  [2, 40123],
] as const;

const folder = mkdtempSync(join(tmpdir(), 'pinch-shrink-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!existsSync(shared))('a shrunk model computes what the masked one does', () => {
  test.each(exports)('$model/$file', async ({ path }) => {
    const { file, parameters } = exposeParameters(await loadModel(path));
    const matrices = chooseGates(parameters).flatMap(({ gated, parameter }) => (gated ? [parameter.initializer] : []));
    const gated = new Set(matrices);
    for (let seed = 0; seed < 20; seed++) {
      const keep = masksFor(file.model, gated, kinds[seed] ?? 'some', 1 + seed);
      const shrunk = shrinkModel(file, gated, keep);
      const masked = maskedFile(file, gated, keep);
      expect(shrunk.layers.map(({ held }) => held)).toEqual(shrunk.layers.map(() => false));
      expect(shrunk.layers.map(({ kept }) => kept)).toEqual(Array.from(keep.values(), countKept));
      expect([...livingGroups(masked.model, gated)]).toEqual([...keep]);
      expect(checkModel(shrunk.file.model)).toEqual([]);
      const [a, b] = [await logits(shrunk.file, 'shrunk.onnx'), await logits(masked, 'masked.onnx')];
      expect(a.map(({ length }) => length)).toEqual(b.map(({ length }) => length));
      for (const [i, row] of a.entries())
        expect(distance(row, b[i] as Float32Array), `mask ${seed}`).toBeLessThan(1e-4);
    }
  });
});

describe.skipIf(!existsSync(shared)).each(exports)('$model/$file as onnxruntime optimizes it', ({ path }) => {
  test.each(['basic', 'extended', 'all'] as const)(
    '%s: the same groups, and what is left computes the same',
    async (level) => {
      const optimized = join(folder, `${level}.onnx`);
      const session = await ort.InferenceSession.create(path, {
        graphOptimizationLevel: level,
        optimizedModelFilePath: optimized,
      });
      await session.release();
      const { layers: before } = await grouped(path);
      const { file, matrices, layers } = await grouped(optimized);
      if (level !== 'basic') expect(file.model.graph.nodes.some(({ domain }) => domain === 'com.microsoft')).toBe(true);
      expect(layers.map(describeLayer)).toEqual(before.map(describeLayer));
      const keep = masksFor(file.model, matrices, 'some', 3);
      const shrunk = shrinkModel(file, matrices, keep);
      expect(shrunk.layers.map(({ kept }) => kept)).toEqual(Array.from(keep.values(), countKept));
      const [a, b] = [
        await logits(shrunk.file, 'shrunk.onnx'),
        await logits(maskedFile(file, matrices, keep), 'masked.onnx'),
      ];
      for (const [i, row] of a.entries()) expect(distance(row, b[i] as Float32Array)).toBeLessThan(1e-4);
    },
  );
});

/** Names of modules are lost in such files, so all matrices are looked at, not only those of the transformer. */
async function grouped(path: string) {
  const { file, parameters } = exposeParameters(await loadModel(path));
  const matrices = new Set(parameters.filter(isMatrix).map(({ initializer }) => initializer));
  return { file, matrices, layers: findGroups(file.model, matrices).layers };
}

const describeLayer = ({ kind, groups, slices }: GroupedLayer): string => `${groups} ${kind} in ${slices.length} parts`;

/** The logits of each batch, from the file as it is saved. */
async function logits(file: Parameters<typeof saveModel>[0], name: string): Promise<Float32Array[]> {
  await saveModel(file, join(folder, name));
  const session = await ort.InferenceSession.create(join(folder, name));
  const results: Float32Array[] = [];
  for (const [batch, samples] of batches) {
    const noise = Float32Array.from({ length: batch * samples }, (_, i) => Math.sin(i * i + 1));
    const result = await session.run({ input_values: new ort.Tensor('float32', noise, [batch, samples]) });
    results.push(result['logits']?.data as Float32Array);
  }
  await session.release();
  return results;
}

const countKept = (mask: Uint8Array): number => mask.reduce((sum, kept) => sum + kept, 0);

/** Infinity where a number is none. */
function distance(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => {
    const difference = Math.abs(value - (b[i] ?? Number.NaN));
    return Number.isNaN(difference) ? Infinity : Math.max(most, difference);
  }, 0);
}
