/** `pinch prune` on the sample model with what is asked for beside sparsity: channels of the feature encoder, a size, a latency. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
