/** The histogram of a layer's weights, and thresholds in the units of the weights. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { inspect } from '../../../src/measure/inspect/inspect.ts';
import { describeLayer, histogramOf, inspectLayer } from '../../../src/measure/inspect/layerInspection.ts';
import { pinch, recordsOf, writeToyModel, writeToySettings, writeToySpeech } from '../../train/toy.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-layer-'));
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'speech'), 8);
  // Thresholds of layers that learn, and of layers that are at rest.
  for (const [name, freeze] of [
    ['learning', 1],
    ['resting', 0.5],
  ] as const) {
    const settings = { steps: 8, sparsity: { target: 0.4, warmup: 0, freeze }, gates: { learningRate: 0.1 } };
    const config = writeToySettings(join(folder, `${name}.json`), settings);
    const data = ['--model', 'model', '--train', 'speech/manifest.jsonl', '--config', config, '--run', name];
    expect((await pinch(['prune', ...data, '--json'], folder).ended).code).toBe(0);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const checkpoint = (run: string): string => join(folder, run, 'checkpoints', 'step-000008');

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

describe('a layer of a checkpoint', () => {
  test('what is nearer to zero than its threshold is zero, and nothing else', async () => {
    for (const layer of ['encoder.layers.0.dense', 'encoder.layers.1.dense']) {
      const inspection = await inspectLayer(checkpoint('learning'), layer);
      const { initializers } = (await loadModel(checkpoint('learning'))).model.graph;
      const weights = Array.from(initializers.get(layer.includes('0') ? 'dense0' : 'dense1')?.data ?? [], Number);
      const kept = weights.filter((weight) => weight !== 0).map(Math.abs);
      expect(inspection.zeros).toBe(weights.length - kept.length);
      expect(inspection.zeros).toBeGreaterThan(10);
      expect(Math.min(...kept)).toBeGreaterThanOrEqual((inspection.thresholdInWeights ?? NaN) * (1 - 1e-6));
      // The threshold sits between the last weight cut and the first kept; layers this small leave gaps.
      expect(Math.min(...kept)).toBeLessThan((inspection.thresholdInWeights ?? NaN) * 1.5);
    }
  });

  test('thresholds of a run at rest are those of its metrics', async () => {
    const step = recordsOf(join(folder, 'resting')).findLast(({ kind }) => kind === 'step');
    const { tensors } = await inspect(checkpoint('resting'));
    const gated = tensors.filter((tensor) => tensor.gated);
    expect(step?.kind === 'step' && step.layers).toEqual(
      gated.map(({ layer, threshold, sparsity }) => ({ name: layer, threshold, sparsity })),
    );
    expect(tensors.filter((tensor) => !tensor.gated).every(({ threshold }) => threshold === null)).toBe(true);
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

  test('is shown to people with its threshold', async () => {
    const text = describeLayer(await inspectLayer(checkpoint('learning'), 'encoder.layers.0.dense'));
    expect(text).toMatch(/^threshold +0\.\d+, which is 0\.\d+ times the root-mean-square before training/mu);
    expect(text.match(/#/gu)?.length).toBeGreaterThan(40);
  });
});

test('what a run does not train has no gate in its checkpoints either', async () => {
  const config = writeToySettings(join(folder, 'frozen.json'), { steps: 2, freeze: ['conv', 'layers.0'] });
  const data = ['--model', 'model', '--train', 'speech/manifest.jsonl', '--config', config, '--run', 'frozen'];
  expect((await pinch(['prune', ...data, '--json'], folder).ended).code).toBe(0);
  const { tensors } = await inspect(join(folder, 'frozen', 'checkpoints', 'step-000002'));
  const gated = tensors.filter((tensor) => tensor.gated);
  expect(gated.map(({ layer }) => layer)).toEqual(['encoder.layers.1.dense']);
  expect(gated[0]?.threshold).toBeGreaterThan(0);
});
