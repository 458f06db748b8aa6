/** Whole runs of a toy whose features are kept, with the built command: they cost a pass over the encoder, and change nothing else. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SettingsInput } from '../../../src/protocol/settings.ts';
import { pinch, recordsOf, timeless, writeToyModel, writeToySettings, writeToySpeech } from '../toy.ts';

let folder = '';
const settings: SettingsInput = {
  model: 'model',
  train: 'train/manifest.jsonl',
  dev: 'dev/manifest.jsonl',
  steps: 24,
  features: 'float16',
  sparsity: { target: 0.6, warmup: 0.25, freeze: 0.5 },
  checkpoint: { everySteps: 100 },
};

/** @param group a folder of runs, which share what they keep. */
async function train(group: string, name: string, changes: SettingsInput = {}): Promise<{ run: string; said: string }> {
  const run = join(folder, group, 'runs', name);
  const config = writeToySettings(join(folder, `${group}-${name}.json`), { ...settings, ...changes });
  const { code, err } = await pinch(['prune', '--config', config, '--run', run, '--json'], folder).ended;
  expect(code, err).toBe(0);
  return { run, said: err };
}

/** The files of kept features of a group. */
function kept(group: string): string[] {
  const root = join(folder, group, 'features');
  if (!existsSync(root) || !statSync(root).isDirectory()) return [];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.features'))
    .map((name) => join(root, name));
}

const losses = (run: string): number[] =>
  recordsOf(run).flatMap((record) => (record.kind === 'step' ? [record.ctcLoss] : []));

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-kept-'));
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'train'), 40);
  writeToySpeech(join(folder, 'dev'), 8, 2);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a run with kept features', () => {
  let first = { run: '', said: '' };
  beforeAll(async () => {
    first = await train('one', 'first');
  }, 60_000);

  test('says where they are, and writes each utterance once, those of the development set too', () => {
    expect(first.said).toContain(`kept in ${join(folder, 'one', 'features')}`);
    expect(kept('one')).toHaveLength(1);
    const bytes = readFileSync(kept('one')[0]!);
    expect(bytes.toString('latin1').split('PINCHFE1')).toHaveLength(1 + 40 + 8);
  });

  test('gives the same numbers where an earlier run kept them, and writes nothing', async () => {
    const before = kept('one');
    const again = await train('one', 'again');
    expect(timeless(again.run)).toEqual(timeless(first.run));
    expect(kept('one')).toEqual(before);
  });

  test('computes those again that are damaged, with the same result', async () => {
    const [file = ''] = kept('one');
    const bytes = readFileSync(file);
    for (let at = 1000; at < bytes.length; at += 5000) bytes[at]! ^= 0xff;
    writeFileSync(file, bytes);
    const again = await train('one', 'damaged');
    expect(timeless(again.run)).toEqual(timeless(first.run));
    expect(kept('one')).toHaveLength(2);
  });

  test('gives the same numbers without room for them, and says so', async () => {
    const { run, said } = await train('none', 'first', { featuresGigabytes: 0 });
    expect(said).toContain('the rest is computed anew in each epoch');
    expect(timeless(run)).toEqual(timeless(first.run));
    expect(kept('none')).toEqual([]);
  });

  test('gives the same numbers where no folder can be made, and says so', async () => {
    mkdirSync(join(folder, 'file'));
    writeFileSync(join(folder, 'file', 'features'), '');
    const { run, said } = await train('file', 'first');
    expect(said).toContain('computed anew in each epoch');
    expect(timeless(run)).toEqual(timeless(first.run));
  });

  test('gives losses close to those of a run that computes them in each batch', async () => {
    const { run } = await train('again', 'first', { features: 'recompute' });
    expect(kept('again')).toEqual([]);
    // The toy's encoder hears a frame at a time, so padding makes no difference: what is left is the rounding.
    const [own, other] = [losses(first.run), losses(run)];
    expect(Math.abs(own[0]! / other[0]! - 1)).toBeLessThan(1e-3);
    expect(own).not.toEqual(other);
    own.slice(0, 8).forEach((loss, i) => expect(Math.abs(loss / other[i]! - 1)).toBeLessThan(1e-2));
  });

  test('ends with the word error rate that "pinch evaluate" finds', async () => {
    const record = recordsOf(first.run).findLast(({ kind }) => kind === 'evaluation');
    const checkpoint = join(first.run, 'checkpoints', 'step-000024');
    const { out } = await pinch(['evaluate', checkpoint, '--data', 'dev/manifest.jsonl', '--json'], folder).ended;
    const { errors, words } = JSON.parse(out) as { errors: number; words: number };
    expect(record).toMatchObject({ errors, words });
  });
});

test('"auto" keeps none in a run of one epoch, and 16 bits in a longer one', async () => {
  await train('auto', 'short', { features: 'auto', steps: 2 });
  expect(kept('auto')).toEqual([]);
  await train('auto', 'long', { features: 'auto' });
  expect(kept('auto')).toHaveLength(1);
});

test('units leave a model whose features are kept', async () => {
  const { run } = await train('units', 'first', {
    granularity: 'neuron',
    steps: 30,
    gates: { start: 0.8, learningRate: 1e-2 },
    sparsity: { target: 0.6, warmup: 0.3, freeze: 0.8, multiplierLearningRate: 0.05 },
    shrink: { share: 0.1, after: 0.1 },
  });
  expect(recordsOf(run).filter(({ kind }) => kind === 'shrink').length).toBeGreaterThan(1);
  expect(recordsOf(run).filter(({ kind }) => kind === 'evaluation').length).toBeGreaterThan(0);
});
