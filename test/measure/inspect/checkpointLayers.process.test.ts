/** Thresholds that inspection finds in the checkpoints of a run. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { inspect } from '../../../src/measure/inspect/inspect.ts';
import { describeLayer, inspectLayer } from '../../../src/measure/inspect/layerInspection.ts';
import { pinch, recordsOf, writeToyModel, writeToySettings, writeToySpeech } from '../../train/toy.ts';

let folder = '';
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-checkpoint-layer-'));
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

test('is shown to people with its threshold', async () => {
  const text = describeLayer(await inspectLayer(checkpoint('learning'), 'encoder.layers.0.dense'));
  expect(text).toMatch(/^threshold +0\.\d+, which is 0\.\d+ times the root-mean-square before training/mu);
  expect(text.match(/#/gu)?.length).toBeGreaterThan(40);
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
