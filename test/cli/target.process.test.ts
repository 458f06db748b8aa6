/** `pinch prune` on the sample model with what is asked for beside sparsity: channels of the feature encoder, a size, a latency. */

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelCost } from '../../src/protocol/results/cost.ts';
import type { ExportedModel } from '../../src/protocol/results/export.ts';
import { pinch, recordsOf, type Outcome } from '../train/toy.ts';

const sample = resolve('media/sample');
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-target-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const usual = ['--model', join(sample, 'model'), '--train', join(sample, 'train.jsonl'), '--device', 'cpu', '--json'];
const prune = (...flags: string[]): Promise<Outcome> => pinch(['prune', ...usual, ...flags], folder).ended;

describe('--encoder-channels', () => {
  const neuron = ['--granularity', 'neuron', '--steps', '6', '--target-sparsity', '0.5'];

  test('the channels of the encoder get gates, and leave the checkpoint', async () => {
    const { code, err } = await prune(...neuron, '--encoder-channels', '--run', 'channels');
    expect(code, err).toBe(0);
    const records = recordsOf(join(folder, 'channels'));
    const begin = records.find((record) => record.kind === 'start')!;
    expect(begin.layers.filter(({ name }) => name.startsWith('feature_extractor')).length).toBeGreaterThan(1);
    const checkpoint = records.findLast((record) => record.kind === 'checkpoint')!;
    expect(Math.abs(checkpoint.sparsity - 0.5)).toBeLessThan(0.1);
    const inspected = await pinch(['inspect', join('channels', checkpoint.path), '--json'], folder).ended;
    expect(inspected.code, inspected.err).toBe(0);
  }, 120_000);

  test('are refused while the encoder is frozen', async () => {
    const file = join(folder, 'frozen.json');
    writeFileSync(file, JSON.stringify({ gates: { encoderChannels: true } }));
    const { code, err } = await prune(...neuron, '--config', file, '--dry-run');
    expect(code).toBe(1);
    expect(err).toContain('take its pattern out of "freeze"');
  }, 60_000);
});

describe('--target-size', () => {
  test('is near to the size of the checkpoint', async () => {
    const { code, out, err } = await prune('--target-size', '1.5MB', '--steps', '6', '--run', 'size');
    expect(code, err).toBe(0);
    const checkpoint = recordsOf(join(folder, 'size')).findLast((record) => record.kind === 'checkpoint')!;
    const inspected = await pinch(['inspect', join('size', checkpoint.path), '--json'], folder).ended;
    const { cost } = JSON.parse(inspected.out) as { cost: ModelCost };
    expect((JSON.parse(out) as { budget: unknown }).budget).toEqual({ bytes: 1.5e6, latency: null, int8: false });
    expect(cost.promised).toEqual({ bytes: 1.5e6, latency: null, int8: false });
    expect(Math.abs(cost.own.gzippedBytes / 1.5e6 - 1)).toBeLessThan(0.1);
  }, 120_000);

  test('that the model has already needs no pruning, and the sizes are the model’s own', async () => {
    const { code, err } = await prune('--target-size', '5MB', '--dry-run');
    expect(code).toBe(2);
    expect(err).toMatch(/Nothing needs to be pruned for 5\.0 MB after gzip: this model has 2\.\d MB after gzip\./u);
  }, 120_000);

  test('with 8 bits goes together with a latency', async () => {
    const { code, err } = await prune(
      '--target-size',
      '15%',
      '--target-latency',
      '90%',
      '--granularity',
      'neuron',
      '--dry-run',
    );
    expect(err).toMatch(
      /^For \d+ kB after gzip and 90\.0 % of the dense model's latency: .*, and export --int8 afterwards\.$/mu,
    );
    expect(code).toBe(0);
  }, 120_000);

  test('that cannot be reached is refused', async () => {
    const { code, err } = await prune('--target-size', '1kB', '--dry-run');
    expect(code).toBe(2);
    expect(err).toContain('This model cannot have 1 kB after gzip');
  }, 120_000);
});

describe('export --size and --ratio', () => {
  const model = join(sample, 'model');
  const exported = (...flags: string[]): Promise<Outcome> => pinch(['export', ...flags, '--json'], folder).ended;
  const sizeOf = ({ out }: Outcome): { bits: number | null; bytes: number } => {
    const { to, int8 } = JSON.parse(out) as ExportedModel;
    return { bits: int8 ? 8 : null, bytes: to.gzippedBytes };
  };

  test('leave float32 where that is small enough, and take 8 bits where it is not', async () => {
    const large = await exported(model, '--size', '3MB', '--out', 'large');
    expect(large.code, large.err).toBe(0);
    expect(sizeOf(large).bits).toBeNull();
    const small = await exported(model, '--size', '1MB', '--out', 'small');
    expect(small.code, small.err).toBe(0);
    expect(sizeOf(small).bits).toBe(8);
    expect(sizeOf(small).bytes).toBeLessThanOrEqual(1e6);
  }, 120_000);

  test('say what to prune where 8 bits are not enough', async () => {
    const { code, err } = await exported(model, '--size', '100kB', '--out', 'tiny');
    expect(code).toBe(1);
    expect(err).toContain('100 kB after gzip was asked for');
    expect(err).toContain('--target-size 0.1MB');
  }, 120_000);

  test('a ratio is to the file that the run started from', async () => {
    const checkpoint = join(
      'size',
      recordsOf(join(folder, 'size')).findLast((record) => record.kind === 'checkpoint')!.path,
    );
    const { code, err, ...rest } = await exported(checkpoint, '--ratio', '0.3', '--out', 'share');
    expect(code, err).toBe(0);
    expect(sizeOf({ code, err, ...rest }).bytes).toBeLessThanOrEqual(0.3 * statSync(join(model, 'model.onnx')).size);
    const without = await exported(model, '--ratio', '0.3', '--out', 'nothing');
    expect(without.code).toBe(2);
    expect(without.err).toContain('give --size in bytes');
    for (const ratio of ['0', '20'])
      expect((await exported(model, '--ratio', ratio)).err).toContain('--ratio must be above 0 and at most 1');
  }, 120_000);
});
