/** `pinch diff`: a checkpoint against its model, on speech. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ModelDiff } from '../../../src/protocol/results/diff.ts';
import { pinch, writeToyModel, writeToySettings, writeToySpeech } from '../../train/toy.ts';

let folder = '';
const at = (...parts: string[]): string => join(folder, ...parts);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-diff-command-'));
  writeToyModel(at('model'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const layerOf = ({ layers }: ModelDiff, name: string) => layers.find((entry) => entry.name === name);

test('compares a checkpoint with its model, evaluates both, and takes what it kept the next time', async () => {
  writeToySpeech(at('speech'), 6);
  const settings = { steps: 4, sparsity: { target: 0.5, warmup: 0, freeze: 0.5 } };
  const config = writeToySettings(at('settings.json'), settings);
  const run = ['prune', '--model', 'model', '--train', 'speech/manifest.jsonl', '--config', config, '--run', 'run'];
  expect((await pinch(run, folder).ended).code).toBe(0);
  const checkpoint = 'run/checkpoints/step-000004';
  const diff = ['diff', 'model', checkpoint, '--data', 'speech/manifest.jsonl', '--keep', '--json'];

  const first = await pinch(diff, folder).ended;
  expect(first.code, first.err).toBe(0);
  expect(first.err).toMatch(/Utterances recognised by A: 6\/6\n.*Utterances recognised by B: 6\/6/su);
  const found = JSON.parse(first.out) as ModelDiff;
  expect(found.b.gated).toMatchObject({ by: 'run', sparsity: 0.5 });
  for (const name of ['encoder.layers.0.dense', 'encoder.layers.1.dense']) {
    expect(layerOf(found, name)?.a?.threshold).toBeNull();
    expect(layerOf(found, name)?.b?.threshold).toBeGreaterThan(0);
  }
  expect(found.recognition).toMatchObject({ utterances: 6, data: at('speech', 'manifest.jsonl') });

  const again = await pinch(diff, folder).ended;
  expect(again.err).not.toMatch(/recognised/u);
  expect(JSON.parse(again.out)).toEqual(found);
  const kept = JSON.parse(readFileSync(at(checkpoint, 'model.evaluations', 'manifest', 'evaluation.json'), 'utf8')) as {
    wer: number;
  };
  expect(kept.wer).toBe(found.recognition?.b.wer);
});

test('says it to people', async () => {
  const { code, out } = await pinch(['diff', 'model', 'model', '--data', 'speech/manifest.jsonl'], folder).ended;
  expect(code).toBe(0);
  expect(out).toMatch(/^word error rate +\d/mu);
  expect(out).toMatch(/B has more errors than A in 0 of 6 utterances, and fewer in 0\./u);
});
