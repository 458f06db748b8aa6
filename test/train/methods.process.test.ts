/** Whole runs of each baseline on the toy, with the built command: masks, lines, checkpoints, and that resuming changes nothing. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/onnx/file/load.ts';
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
  }, 60_000);

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

describe('nas-cp', () => {
  const settings: SettingsInput = {
    method: 'nas-cp',
    dev: 'dev/manifest.jsonl',
    steps: 20,
    sparsity: { target: 0.6 },
    search: { share: 0.6, candidates: [1, 0.25, 0.5, 0.75] },
    checkpoint: { everySteps: 5, keep: 10 },
  };
  let run = '';
  beforeAll(async () => {
    const started = start('nas-cp', settings);
    run = started.run;
    const { code, err } = await started.ended;
    expect(code, err).toBe(0);
  }, 60_000);

  /** How many columns of a matrix [rows, 32] hold anything, and whether those that are zero are the smallest of the model's own. */
  async function channelsOf(step: number): Promise<{ kept: number; smallestGone: boolean }[]> {
    const before = await gated(join(folder, 'model'));
    const after = await gated(join(run, 'checkpoints', `step-${String(step).padStart(6, '0')}`));
    return Object.entries(before).map(([name, weights]) => {
      const norm = (values: Float32Array, column: number) =>
        Math.hypot(...values.filter((_, i) => i % 32 === column).map(Math.fround));
      const columns = Array.from({ length: 32 }, (_, column) => ({
        alive: after[name]!.some((weight, i) => i % 32 === column && weight !== 0),
        norm: norm(weights, column),
      }));
      const gone = columns.filter(({ alive }) => !alive).map(({ norm }) => norm);
      const left = columns.filter(({ alive }) => alive).map(({ norm }) => norm);
      return { kept: left.length, smallestGone: gone.length === 0 || Math.max(...gone) <= Math.min(...left) };
    });
  }

  test.each([5, 10, 15, 20])('at step %d each layer has the channels of a candidate, its largest', async (step) => {
    for (const { kept, smallestGone } of await channelsOf(step)) {
      expect([8, 16, 24, 32]).toContain(kept);
      expect(smallestGone).toBe(true);
    }
  });

  test('searches at the target, then fine-tunes a choice as near to it as candidates allow', () => {
    const lines = steps(run);
    expect(lines).toHaveLength(20);
    expect(new Set(lines.map(({ sparsityTarget }) => sparsityTarget))).toEqual(new Set([0.6]));
    // Expected sparsities move with the noise; once the choice is made they stand still.
    expect(new Set(lines.slice(0, 12).map(({ sparsity }) => sparsity)).size).toBe(12);
    const chosen = new Set(lines.slice(12).map(({ sparsity }) => sparsity));
    expect(chosen.size).toBe(1);
    // A step of one candidate is 8 of 32 channels, in the larger layer 256 of 1536 weights.
    expect(Math.abs([...chosen][0]! - 0.6)).toBeLessThan(256 / 1536);
    for (const { layers } of lines) expect(layers.map(({ threshold }) => threshold)).toEqual([null, null]);
  });

  test('what was chosen stays, and is trained', async () => {
    const [before, after] = await Promise.all(
      ['step-000015', 'step-000020'].map((name) => gated(join(run, 'checkpoints', name))),
    );
    for (const [name, weights] of Object.entries(after!)) {
      weights.forEach((weight, i) => expect(weight === 0).toBe(before![name]![i] === 0));
      expect(weights.some((weight, i) => weight !== before![name]![i])).toBe(true);
    }
  });

  test('killed in the search and after it and resumed, its lines are those of a run that was not', async () => {
    expect(timeless(await withKills('nas-cp-killed', settings, [7, 16]))).toEqual(timeless(run));
  });

  test('with several batches an update, resuming changes nothing either', async () => {
    const several: SettingsInput = { ...settings, steps: 8, batch: { seconds: 1, accumulate: 2 }, dropout: 0.1 };
    const whole = start('nas-cp-several', several);
    const { code, err } = await whole.ended;
    expect(code, err).toBe(0);
    expect(steps(whole.run)).toHaveLength(8);
    expect(timeless(await withKills('nas-cp-several-killed', several, [3]))).toEqual(timeless(whole.run));
  });

  test('its candidates must be able to reach the target', async () => {
    const { code, err } = await start('nas-cp-far', { ...settings, sparsity: { target: 0.8 } }).ended;
    expect(code).toBe(2);
    expect(err).toContain(
      'sparsity.target (0.8) cannot be reached by search.candidates, which keep 0.25 to 1 of each layer.',
    );
  });
});
