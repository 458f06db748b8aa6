/** Whole runs of each baseline on the toy, with the built command: masks, lines, checkpoints, and that resuming changes nothing. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/onnx/load.ts';
import type { SettingsInput } from '../../src/protocol/settings.ts';
import { readMetrics } from '../runs/readMetrics.ts';
import { pinch, readJson, recordsOf, timeless, writeToyModel, writeToySettings, writeToySpeech } from './toy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-methods-'));
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'train'), 40);
  writeToySpeech(join(folder, 'dev'), 8, 2);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(name: string, settings: SettingsInput, ...flags: string[]) {
  const run = join(folder, 'runs', name);
  const file = writeToySettings(join(folder, `${name}.json`), {
    model: 'model',
    train: 'train/manifest.jsonl',
    ...settings,
  });
  return { run, ...pinch(['prune', '--config', file, '--run', run, '--json', ...flags], folder) };
}

const steps = (run: string) => recordsOf(run).filter((record) => record.kind === 'step');

/** The weights of the gated layers in a model's folder, by initializer. */
async function gated(model: string): Promise<Record<string, Float32Array>> {
  const { initializers } = (await loadModel(model)).model.graph;
  return Object.fromEntries(['dense0', 'dense1'].map((name) => [name, initializers.get(name)!.data as Float32Array]));
}

/** Kills the run at each of the steps and resumes it. */
async function withKills(name: string, settings: SettingsInput, at: readonly number[]): Promise<string> {
  let process = start(name, settings);
  const { run } = process;
  const metrics = join(run, 'metrics.jsonl');
  for (const step of at) {
    const reached = () =>
      existsSync(metrics) && readMetrics(metrics).some((record) => record.kind === 'step' && record.step >= step);
    while (!reached() && process.child.exitCode === null) await setTimeout(2);
    globalThis.process.kill(Number(readJson(join(run, 'state.json'))['pid']), 'SIGKILL');
    await process.ended;
    process = { run, ...pinch(['resume', run], folder) };
  }
  const { code, err } = await process.ended;
  expect(code, err).toBe(0);
  return run;
}

describe('ump', () => {
  const settings: SettingsInput = {
    method: 'ump',
    dev: 'dev/manifest.jsonl',
    steps: 12,
    sparsity: { target: 0.6 },
    checkpoint: { everySteps: 5, keep: 3 },
  };
  let run = '';
  beforeAll(async () => {
    const started = start('ump', settings);
    run = started.run;
    const { code, err } = await started.ended;
    expect(code, err).toBe(0);
  });

  test('every layer has lost the same share of its smallest weights, and what survives is trained', async () => {
    const before = await gated(join(folder, 'model'));
    const after = await gated(join(run, 'checkpoints', 'step-000012'));
    for (const [name, weights] of Object.entries(before)) {
      const kept = after[name]!;
      expect(kept.filter((weight) => weight === 0)).toHaveLength(Math.floor(0.6 * weights.length));
      const sizes = [...weights].map(Math.abs);
      const cut = sizes.filter((_, i) => kept[i] === 0);
      const left = sizes.filter((_, i) => kept[i] !== 0);
      expect(Math.max(...cut)).toBeLessThan(Math.min(...left));
      expect(kept.some((weight, i) => weight !== 0 && weight !== weights[i])).toBe(true);
    }
  });

  test('its lines show the target, the sparsities and where each layer was cut, from the first step on', async () => {
    const before = await gated(join(folder, 'model'));
    const thresholds = Object.values(before).map((weights) => {
      const sizes = [...weights].map(Math.abs).sort((a, b) => a - b);
      const rms = Math.sqrt(sizes.reduce((sum, size) => sum + size * size, 0) / sizes.length);
      return sizes[Math.floor(0.6 * sizes.length)]! / rms;
    });
    const lines = steps(run);
    expect(lines).toHaveLength(12);
    for (const { sparsity, sparsityTarget, layers } of lines) {
      expect(sparsityTarget).toBe(0.6);
      expect(sparsity).toBeCloseTo(0.6, 2);
      expect(layers.map(({ name }) => name)).toEqual(['encoder.layers.0.dense', 'encoder.layers.1.dense']);
      layers.forEach(({ threshold, sparsity }, i) => {
        expect(sparsity).toBeCloseTo(0.6, 2);
        expect(threshold).toBeCloseTo(thresholds[i]!, 5);
      });
    }
  });

  test('all epochs count for its best checkpoint, since the sparsity is final from the start', () => {
    const wers = recordsOf(run).flatMap((record) => (record.kind === 'evaluation' ? [record.wer] : []));
    expect(wers.length).toBeGreaterThan(1);
    expect(recordsOf(run).findLast((record) => record.kind === 'end')?.best?.wer).toBe(Math.min(...wers));
  });

  test('killed and resumed, its lines are those of a run that was not', async () => {
    expect(timeless(await withKills('ump-killed', settings, [2, 7]))).toEqual(timeless(run));
  });

  test('a dry run says what would be', async () => {
    const { code, out, err } = await start('ump-dry', settings, '--dry-run').ended;
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ settings: { method: 'ump' }, start: { gatedParameters: 1536, steps: 12 } });
  });
});
