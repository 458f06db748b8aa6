/** A whole run with gates by group on the toy, with the built command: what leaves on the way, what is left at the end, and resuming. */

import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/onnx/file/load.ts';
import type { SettingsInput } from '../../src/protocol/settings.ts';
import { readMetrics } from '../runs/readMetrics.ts';
import { pinch, readJson, recordsOf, timeless, writeToyModel, writeToySettings, writeToySpeech } from './toy.ts';

let folder = '';
let run = '';
const settings: SettingsInput = {
  granularity: 'neuron',
  dev: 'dev/manifest.jsonl',
  steps: 30,
  gates: { start: 0.8, learningRate: 1e-2 },
  sparsity: { target: 0.6, warmup: 0.3, freeze: 0.8, multiplierLearningRate: 0.05 },
  shrink: { share: 0.1, after: 0.1 },
  checkpoint: { everySteps: 5, keep: 10 },
};

function start(name: string, changes: SettingsInput = {}, ...flags: string[]) {
  const file = writeToySettings(join(folder, `${name}.json`), {
    model: 'model',
    train: 'train/manifest.jsonl',
    ...settings,
    ...changes,
  });
  const path = join(folder, 'runs', name);
  return { path, ...pinch(['prune', '--config', file, '--run', path, '--json', ...flags], folder) };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-neuron-'));
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'train'), 40);
  writeToySpeech(join(folder, 'dev'), 8, 2);
  const started = start('whole');
  run = started.path;
  const { code, err } = await started.ended;
  expect(code, err).toBe(0);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** [in, out] of the matrices at a step, and the length of the bias between them. */
async function sizes(path: string, step: number): Promise<number[]> {
  const checkpoint = join(path, 'checkpoints', `step-${String(step).padStart(6, '0')}`);
  const { initializers } = (await loadModel(checkpoint)).model.graph;
  return ['dense0', 'dense1', 'bias0'].flatMap((name) => initializers.get(name)!.dims);
}

test('its lines speak of one layer, and of the units that left it', () => {
  const records = recordsOf(run);
  const begin = records.find((record) => record.kind === 'start');
  expect(begin?.layers).toEqual([{ name: 'encoder.layers', parameters: 32 * 48, shape: [32, 48] }]);
  const left = records.filter((record) => record.kind === 'shrink');
  expect(left.length).toBeGreaterThan(1);
  expect(left[0]!.step).toBeLessThan(24);
  const units = left.reduce((sum, { groups }) => sum + groups, 0);
  expect(left.at(-1)!.gatedParameters).toBe((32 - units) * 48);
  const last = records.findLast((record) => record.kind === 'step');
  expect(last?.sparsity).toBeCloseTo(units / 32, 6);
  expect(Math.abs(last!.sparsity - 0.6)).toBeLessThan(1 / 32);
});

test('its checkpoints are ever smaller models, and count what is gone', async () => {
  const last = recordsOf(run).findLast((record) => record.kind === 'checkpoint')!;
  const units = Math.round(32 * (1 - last.sparsity));
  expect(await sizes(run, 30)).toEqual([16, units, units, 32, units]);
  expect(last.parameters).toBe(
    recordsOf(run).find((record) => record.kind === 'start')!.parameters - (32 - units) * 49,
  );
  // Each of the toy's 16 filters begins with a zero.
  expect(last.nonZeroParameters).toBe(last.parameters - 16);
});

describe('what is gone counts as zero, in every command alike', () => {
  const figures = async (...args: string[]): Promise<unknown> => {
    const { code, out, err } = await pinch([...args, '--json'], folder).ended;
    expect(code, err).toBe(0);
    return JSON.parse(out);
  };
  interface Counted {
    readonly sparsity: number;
    readonly removed: number | null;
    readonly gated: { readonly by: string; readonly sparsity: number };
  }
  const expectRecorded = (counted: Counted): void => {
    const last = recordsOf(run).findLast((record) => record.kind === 'checkpoint')!;
    expect(last.sparsity).toBeGreaterThan(0.5);
    expect(counted.gated.by).toBe('run');
    expect(counted.gated.sparsity).toBeCloseTo(last.sparsity, 12);
    expect(counted.sparsity).toBeCloseTo(last.sparsityOfAll, 12);
    expect(counted.removed).toBe(Math.round(32 * last.sparsity) * 49);
  };
  const last = (): string => join(run, 'checkpoints', 'step-000030');

  test('inspect, and evaluate with --against', async () => {
    expectRecorded(((await figures('inspect', last())) as { totals: Counted }).totals);
    const args = ['evaluate', 'model', '--against', last(), '--data', 'dev/manifest.jsonl', '--no-cost'];
    const { comparison, ...own } = (await figures(...args)) as Counted & { comparison: { against: Counted } };
    expectRecorded(comparison.against);
    expect(own).toMatchObject({ removed: null, gated: { by: 'default', removed: null } });
  });

  test('of a copy of the ONNX file alone, and of its exports', async () => {
    const copy = join(folder, 'copied.onnx');
    copyFileSync(join(last(), 'model.onnx'), copy);
    expectRecorded(((await figures('inspect', copy)) as { totals: Counted }).totals);
    const exported = (await figures('export', copy, '--shrink', '--int8')) as { to: Counted & { model: string } };
    expect(exported.to.removed).toBe(((await figures('inspect', copy)) as { totals: Counted }).totals.removed);
    expect(exported.to.gated.by).toBe('run');
  });

  test('of what export --shrink takes out of a checkpoint, and of its ONNX file alone', async () => {
    const masked = start('masked-too', { shrink: { share: 1 } });
    expect((await masked.ended).code).toBe(0);
    const checkpoint = join(masked.path, 'checkpoints', 'step-000025');
    const alone = join(folder, 'alone.onnx');
    copyFileSync(join(checkpoint, 'model.onnx'), alone);
    for (const model of [checkpoint, alone]) {
      const { from, to } = (await figures('export', model, '--shrink')) as { from: Counted; to: Counted };
      expect(from.removed).toBe(0);
      expect(to.removed).toBeGreaterThan(0);
      expect(from.gated.sparsity).toBeGreaterThan(0.3);
      expect(to.gated.sparsity).toBeCloseTo(from.gated.sparsity, 12);
      expect(to.gated.by).toBe('run');
    }
  }, 60_000);
});

test('its one layer can be looked at, small as it is', async () => {
  const model = join(run, 'checkpoints', 'step-000030');
  const { code, out, err } = await pinch(['inspect', model, '--layer', 'encoder.layers', '--json'], folder).ended;
  expect(code, err).toBe(0);
  const units = (await sizes(run, 30))[1] ?? 0;
  expect(JSON.parse(out)).toMatchObject({ layer: 'encoder.layers', gated: true, parameters: units * 48, zeros: 0 });
});

test('killed and resumed, its lines are those of a run that was not', async () => {
  let process = start('killed');
  const metrics = join(process.path, 'metrics.jsonl');
  for (const step of [7, 19, 27]) {
    const reached = () =>
      existsSync(metrics) && readMetrics(metrics).some((record) => record.kind === 'step' && record.step >= step);
    while (!reached() && process.child.exitCode === null) await setTimeout(2);
    globalThis.process.kill(Number(readJson(join(process.path, 'state.json'))['pid']), 'SIGKILL');
    await process.ended;
    process = { path: process.path, ...pinch(['resume', process.path], folder) };
  }
  const { code, err } = await process.ended;
  expect(code, err).toBe(0);
  expect(timeless(process.path)).toEqual(timeless(run));
}, 60_000);

describe('without leaving on the way', () => {
  test('dead units stay until the end', async () => {
    const { path, ended } = start('masked', { shrink: { share: 1 } });
    expect((await ended).code).toBe(0);
    const left = recordsOf(path).filter((record) => record.kind === 'shrink');
    expect(left.map(({ step }) => step)).toEqual([30]);
    expect(await sizes(path, 25)).toEqual([16, 32, 32, 32, 32]);
    expect((await sizes(path, 30))[1]).toBe(32 - left[0]!.groups);
  }, 60_000);
});

test.each(['ump', 'nas-cp'])('method %s has a granularity of its own', async (method) => {
  const { code, err } = await start(method, { method: method as 'ump' }, '--dry-run').ended;
  expect(code).toBe(2);
  expect(err).toMatch(/granularity "neuron" needs method "self-pinching"/u);
});
