/** The sparsity of a checkpoint with all its thresholds multiplied: counted from its weights, kept beside it, and counted again when it changed. */

import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadModel } from '../../../src/onnx/file/load.ts';
import { inspect } from '../../../src/measure/inspect/inspect.ts';
import { describeCurve, sparsityCurveOf } from '../../../src/measure/inspect/sparsityCurve.ts';
import { readThresholds } from '../../../src/runfolder/thresholds.ts';
import { sparsityCurve } from '../../../src/protocol/results/sparsityCurve.ts';
import * as v from 'valibot';
import { pinch, writeToyModel, writeToySettings, writeToySpeech } from '../../train/toy.ts';

let folder = '';
const checkpointOf = (run: string): string => join(folder, run, 'checkpoints', 'step-000008');
const keptOf = (run: string): string => join(checkpointOf(run), 'model.sparsity-curve.json');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-curve-'));
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'speech'), 8);
  for (const [name, method] of [
    ['pinched', 'self-pinching'],
    ['plain', 'none'],
  ] as const) {
    const settings = { steps: 8, method, sparsity: { target: 0.4, warmup: 0, freeze: 0.5 } };
    const config = writeToySettings(join(folder, `${name}.json`), settings);
    const data = ['--model', 'model', '--train', 'speech/manifest.jsonl', '--config', config, '--run', name];
    expect((await pinch(['prune', ...data, '--json'], folder).ended).code).toBe(0);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How many of the gated weights are zero with all thresholds times a factor, one by one. */
async function counted(factor: number): Promise<number> {
  const checkpoint = checkpointOf('pinched');
  const { initializers } = (await loadModel(checkpoint)).model.graph;
  const thresholds = await readThresholds(checkpoint, 2);
  let [below, all] = [0, 0];
  for (const [gate, name] of ['dense0', 'dense1'].entries()) {
    const { value = NaN, scale = NaN } = thresholds?.[gate] ?? {};
    const weights = Array.from(initializers.get(name)?.data ?? [], Number);
    below += weights.filter((weight) => weight === 0 || Math.abs(weight) < factor * value * scale).length;
    all += weights.length;
  }
  return below / all;
}

test('it begins at the sparsity of the checkpoint, and is what counting gives at each factor', async () => {
  const { factors, sparsities, gatedParameters } = await sparsityCurveOf(checkpointOf('pinched'));
  expect(gatedParameters).toBe(1536);
  const { totals } = await inspect(checkpointOf('pinched'));
  expect(sparsities[0]).toBeCloseTo(totals.gated.sparsity, 9);
  expect(sparsities[0]).toBeCloseTo(0.4, 2);
  // Survivors have gone on training, and a few are below the threshold now: at a factor of 1 they still count.
  for (const [at, factor] of factors.entries())
    if (at > 0) expect(Math.abs((sparsities[at] ?? NaN) - (await counted(factor)))).toBeLessThan(0.003);
  expect(sparsities.at(-1)).toBeGreaterThan(0.99);
  expect(sparsities).toEqual(sparsities.toSorted((a, b) => a - b));
});

test('it is kept, and counted again only if the model has changed', async () => {
  const counts = await sparsityCurveOf(checkpointOf('pinched'));
  const kept = v.parse(sparsityCurve, JSON.parse(readFileSync(keptOf('pinched'), 'utf8')));
  expect(kept).toEqual(counts);
  writeFileSync(keptOf('pinched'), JSON.stringify({ ...kept, gatedParameters: 7 }));
  expect((await sparsityCurveOf(checkpointOf('pinched'))).gatedParameters).toBe(7);
  utimesSync(join(checkpointOf('pinched'), 'model.onnx'), 1, 1);
  expect((await sparsityCurveOf(checkpointOf('pinched'))).gatedParameters).toBe(1536);
  writeFileSync(keptOf('pinched'), '{}');
  expect((await sparsityCurveOf(checkpointOf('pinched'))).gatedParameters).toBe(1536);
});

test('models without thresholds have none, and say so', async () => {
  await expect(sparsityCurveOf(checkpointOf('plain'))).rejects.toThrow(/no thresholds are kept beside this model/u);
  expect(existsSync(keptOf('plain'))).toBe(false);
  const alone = join(folder, 'alone.onnx');
  copyFileSync(join(checkpointOf('pinched'), 'model.onnx'), alone);
  await expect(sparsityCurveOf(alone)).rejects.toThrow(/no thresholds/u);
});

test('the command prints it', async () => {
  const { code, out } = await pinch(['inspect', checkpointOf('pinched'), '--thresholds', '--json'], folder).ended;
  expect(code).toBe(0);
  expect(v.parse(sparsityCurve, JSON.parse(out)).factors[0]).toBe(1);
  const text = describeCurve(await sparsityCurveOf(checkpointOf('pinched')));
  expect(text).toMatch(/^ *90 % +\d+\.\d\d +154$/mu);
  const wrong = await pinch(['inspect', checkpointOf('pinched'), '--thresholds', '--layer', 'x'], folder).ended;
  expect(wrong.code).toBe(2);
});
