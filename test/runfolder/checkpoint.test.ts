/** Checkpoints: whole or absent, counted again, and what a crash left behind is cleared away. */

import {
  chmodSync,
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
import { beforeEach, expect, test } from 'vitest';
import { loadModel } from '../../src/onnx/file/load.ts';
import { float32, type Tensor } from '../../src/onnx/graph/tensor.ts';
import {
  describeCheckpoint,
  listCheckpoints,
  readCheckpoint,
  removeUnfinished,
  reduceOldCheckpoints,
  removeOldCheckpoints,
  writeCheckpoint,
  type CheckpointSource,
  type Progress,
} from '../../src/runfolder/checkpoint.ts';
import type { TrainedParameter } from '../../src/state/parameter.ts';
import { initialState } from '../../src/state/initialState.ts';
import { readSafetensors } from '../../src/onnx/safetensors/safetensors.ts';
import { readThresholds } from '../../src/runfolder/thresholds.ts';
import { writeToyModel } from '../train/toy.ts';

const parameters: TrainedParameter[] = [
  { initializer: 'conv', dims: [16, 1, 320], trained: false },
  { initializer: 'dense0', dims: [16, 32], trained: true, gate: 0 },
  { initializer: 'dense1', dims: [32, 32], trained: true, gate: 1 },
  { initializer: 'head', dims: [32, 5], trained: true },
];
const progress = (step: number): Progress => ({
  step,
  epoch: 1,
  batch: 2,
  multiplier: 0.125,
  learningRateScale: 0.5,
  rolledBack: true,
  gates: 'learning',
  recentLosses: [1.5, 1 / 3],
  lowestMedian: null,
  blankSteps: 4,
  failures: ['x'],
  best: { step: 3, wer: 0.1, path: 'checkpoints/step-000003' },
});

let folder = '';
let checkpoints = '';
let source: CheckpointSource;
let state: Map<string, Tensor>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-checkpoint-'));
  checkpoints = join(folder, 'checkpoints');
  mkdirSync(checkpoints);
  const model = await loadModel(writeToyModel(join(folder, 'model')));
  source = { model, parameters, removed: { gated: 0, all: 0 } };
  state = initialState(parameters, model.model.graph.initializers, 0.7);
  state.set('adam.m/head', float32(new Float32Array(160).fill(0.25), [32, 5]));
  state.set('gradient/head', float32(new Float32Array(160), [32, 5]));
});

test('state and progress come back; frozen weights and gradient sums are not kept', async () => {
  await writeCheckpoint(checkpoints, source, state, progress(12));
  const read = await readCheckpoint(checkpoints, 12);
  expect(read.progress).toEqual(progress(12));
  const kept = [...state].filter(([name]) => name !== 'weight/conv' && name !== 'gradient/head');
  expect([...read.state].sort()).toEqual(kept.sort());
});

test('its counts are those of the file, and can be taken again', async () => {
  const counts = await writeCheckpoint(checkpoints, source, state, progress(1));
  const { initializers } = (await loadModel(join(checkpoints, 'step-000001'))).model.graph;
  const zeros = (name: string): number =>
    Array.from(initializers.get(name)!.data as Float32Array).filter((x) => x === 0).length;
  const gated = zeros('dense0') + zeros('dense1');
  expect(gated).toBeGreaterThan(500);
  expect(counts.sparsity).toBe(gated / 1536);
  expect(counts.parameters).toBe(5120 + 1536 + 160);
  expect(counts.nonZeroParameters).toBe(counts.parameters - gated - zeros('conv'));
  expect(await describeCheckpoint(checkpoints, 1, source)).toEqual(counts);
});

test('weights that left the model count as zero', async () => {
  const before = await writeCheckpoint(checkpoints, source, state, progress(1));
  const removed = { gated: 500, all: 600 };
  const counts = await writeCheckpoint(checkpoints, { ...source, removed }, state, progress(1));
  expect(counts.sparsity).toBeCloseTo((before.sparsity * 1536 + 500) / 2036, 12);
  expect(counts.sparsityOfAll).toBeCloseTo(
    (before.sparsityOfAll * before.parameters + 600) / (before.parameters + 600),
    12,
  );
  expect(counts.parameters).toBe(before.parameters);
});

test('a checkpoint that stands there already is replaced', async () => {
  await writeCheckpoint(checkpoints, source, state, progress(5));
  await writeCheckpoint(checkpoints, source, state, { ...progress(5), multiplier: 9 });
  expect((await readCheckpoint(checkpoints, 5)).progress.multiplier).toBe(9);
  expect(readdirSync(checkpoints)).toEqual(['step-000005']);
});

test('what cannot be written leaves nothing behind and names the checkpoint', async () => {
  rmSync(checkpoints, { recursive: true });
  writeFileSync(checkpoints, 'a file in its place');
  await expect(writeCheckpoint(checkpoints, source, state, progress(1))).rejects.toThrow(
    /step-000001: the checkpoint could not be written: a part of the path is not a folder/u,
  );
});

test('tokenizer files that only may be read are copied all the same', async () => {
  chmodSync(join(folder, 'model', 'vocab.json'), 0o444);
  await writeCheckpoint(checkpoints, source, state, progress(1));
  expect(existsSync(join(checkpoints, 'step-000001', 'vocab.json'))).toBe(true);
});

test('old ones go, except the best; unfinished ones go, too', async () => {
  for (const step of [1, 2, 3, 4]) await writeCheckpoint(checkpoints, source, state, progress(step));
  mkdirSync(join(checkpoints, '.step-000009.abc.tmp'));
  await removeOldCheckpoints(checkpoints, 2, [1]);
  expect(await listCheckpoints(checkpoints)).toEqual([1, 3, 4]);
  expect(readdirSync(checkpoints)).toHaveLength(3);
});

test('a damaged one is refused by name', async () => {
  await writeCheckpoint(checkpoints, source, state, progress(1));
  writeFileSync(join(checkpoints, 'step-000001', 'trainer.safetensors'), 'x');
  await expect(readCheckpoint(checkpoints, 1)).rejects.toThrow(/trainer\.safetensors: it is damaged/u);
});

test('only the newest keeps weights and moments to go on from; the others keep their model and what readers want', async () => {
  for (const step of [1, 2, 3]) await writeCheckpoint(checkpoints, source, state, progress(step));
  const file = (step: number): string => join(checkpoints, `step-00000${step}`, 'trainer.safetensors');
  const [newest, size] = [readFileSync(file(3)), statSync(file(1)).size];
  const model = readFileSync(join(checkpoints, 'step-000001', 'model.onnx'));
  const thresholds = await readThresholds(join(checkpoints, 'step-000001'), 2);
  await reduceOldCheckpoints(checkpoints);
  expect(readFileSync(file(3))).toEqual(newest);
  expect((await readCheckpoint(checkpoints, 3)).progress).toEqual(progress(3));
  for (const step of [1, 2]) {
    const { tensors } = await readSafetensors(file(step));
    expect([...tensors.keys()].sort()).toEqual(['rms', 'thresholds']);
    expect(statSync(file(step)).size).toBeLessThan(size / 4);
    await expect(readCheckpoint(checkpoints, step)).rejects.toThrow(
      /step-00000\d.trainer\.safetensors: training cannot go on from this checkpoint, .*removed once a newer one was there/u,
    );
  }
  expect(await readThresholds(join(checkpoints, 'step-000001'), 2)).toEqual(thresholds);
  expect(readFileSync(join(checkpoints, 'step-000001', 'model.onnx'))).toEqual(model);
  expect(readdirSync(checkpoints)).toHaveLength(3);
});

test('an old one that is damaged is left as it is', async () => {
  for (const step of [1, 2, 3]) await writeCheckpoint(checkpoints, source, state, progress(step));
  const [damaged, missing] = [1, 2].map((step) => join(checkpoints, `step-00000${step}`, 'trainer.safetensors'));
  writeFileSync(damaged!, 'x');
  rmSync(missing!);
  await reduceOldCheckpoints(checkpoints);
  expect(readFileSync(damaged!, 'utf8')).toBe('x');
  expect(existsSync(missing!)).toBe(false);
});

test('of a checkpoint that was to replace one of the same step, the earlier is put back after a kill between the two renames', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pinch-aside-'));
  try {
    const make = (name: string): void => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'trainer.safetensors'), name);
    };
    // Killed in between: the new one is still a temporary folder.
    for (const name of ['.step-000003.before.tmp', '.0123456789ab.tmp']) make(name);
    // Killed behind the second rename.
    for (const name of ['.step-000006.before.tmp', 'step-000006']) make(name);
    await removeUnfinished(folder);
    expect(readdirSync(folder).sort()).toEqual(['step-000003', 'step-000006']);
    expect(readFileSync(join(folder, 'step-000003/trainer.safetensors'), 'utf8')).toBe('.step-000003.before.tmp');
    expect(readFileSync(join(folder, 'step-000006/trainer.safetensors'), 'utf8')).toBe('step-000006');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
