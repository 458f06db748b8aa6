/** The histogram of a layer's weights, and the layers of a model that no run has trained. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { histogramOf, inspectLayer } from '../../../src/measure/inspect/layerInspection.ts';
import { writeToyModel } from '../../train/toy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-layer-'));
  writeToyModel(join(folder, 'model'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the histogram', () => {
  test('has every weight in its bin, zero in the middle of one, and zeros apart', () => {
    const { low, high, counts, zeros, outside } = histogramOf(Float32Array.from([0, -0, 1, 1, -1, 0.004, -0.5]));
    expect([low, high, zeros, outside]).toEqual([-1, 1, 2, 0]);
    expect(counts).toHaveLength(105);
    expect(counts[104]).toBe(2);
    expect(counts[0]).toBe(1);
    expect(counts[52]).toBe(1);
    expect(counts[26]).toBe(1);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5);
  });

  test('is not squeezed by a few far weights, and counts them', () => {
    const weights = Float32Array.from({ length: 10_000 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    weights.set([1000, -1000, NaN, Infinity]);
    const { high, counts, outside } = histogramOf(weights);
    expect(high).toBeLessThan(100);
    expect(outside).toBe(4);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(9996);
  });

  test.each([
    ['no weights', []],
    ['zeros only', [0, 0, 0]],
  ])('of %s is empty', (_, weights) => {
    const { low, high, counts, zeros } = histogramOf(Float32Array.from(weights));
    expect([low, high, zeros]).toEqual([-1, 1, weights.length]);
    expect(counts.every((count) => count === 0)).toBe(true);
  });
});

test('a model by itself has no thresholds', async () => {
  const inspection = await inspectLayer(join(folder, 'model'), 'encoder.layers.1.dense');
  expect(inspection).toMatchObject({ gated: true, threshold: null, thresholdInWeights: null, parameters: 1024 });
  expect(inspection.rootMeanSquare).toBeCloseTo(0.3, 1);
});

test('its bias goes by its full name; a layer that is not there is named', async () => {
  const { name } = await inspectLayer(join(folder, 'model'), 'toy.encoder.layers.0.dense.bias');
  expect(name).toBe('toy.encoder.layers.0.dense.bias');
  await expect(inspectLayer(join(folder, 'model'), 'nothing')).rejects.toThrow(
    /model\.onnx: there is no layer "nothing"; pinch inspect lists their names\./u,
  );
});
