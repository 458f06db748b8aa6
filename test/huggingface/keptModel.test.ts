/** A checkpoint stands for its ONNX model, which is made once. */

import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkpointFolder, keptModel } from '../../src/huggingface/keptModel.ts';
import { caseOf, tensorsOf, writeCheckpoint } from './writtenCheckpoint.ts';

const base = caseOf('Wav2Vec2ForCTC');
const written = (): Promise<string> => writeCheckpoint(base, tensorsOf(base));

describe('a kept model', () => {
  test('is made once, and again when a file of the checkpoint changes', async () => {
    const folder = await written();
    const kept = join(folder, 'kept');
    const first = await keptModel(folder, kept);
    const { mtimeMs } = await stat(join(first, 'model.onnx'));
    expect(basename(first)).toMatch(new RegExp(`^${basename(folder)}-[0-9a-f]{12}$`, 'u'));
    expect(await keptModel(folder, kept)).toBe(first);
    expect((await stat(join(first, 'model.onnx'))).mtimeMs).toBe(mtimeMs);
    await writeFile(join(folder, 'preprocessor_config.json'), '{"return_attention_mask": true}');
    expect(await keptModel(folder, kept)).not.toBe(first);
    expect(await readdir(kept)).toHaveLength(2);
  });

  test('is made again where an import was broken off', async () => {
    const folder = await written();
    const first = await keptModel(folder, join(folder, 'kept'));
    await rm(join(first, 'model.onnx'));
    expect(await keptModel(folder, join(folder, 'kept'))).toBe(first);
    expect(await readdir(first)).toContain('model.onnx');
  });

  test('has the name of the model in the hub’s cache', async () => {
    const folder = await written();
    const snapshot = join(folder, 'hub/models--owner--tiny/snapshots/abc');
    await mkdir(join(snapshot, '..'), { recursive: true });
    await mkdir(snapshot);
    for (const name of ['config.json', 'model.safetensors', 'vocab.json'])
      await rename(join(folder, name), join(snapshot, name));
    expect(basename(await keptModel(snapshot, join(folder, 'kept')))).toMatch(/^tiny-[0-9a-f]{12}$/u);
  });
});

describe('a path means a checkpoint', () => {
  test('where it is its folder, or its weights', async () => {
    const folder = await written();
    expect(await checkpointFolder(folder)).toBe(folder);
    expect(await checkpointFolder(join(folder, 'model.safetensors'))).toBe(folder);
    expect(await checkpointFolder(join(folder, 'config.json'))).toBeUndefined();
    expect(await checkpointFolder(join(folder, 'missing'))).toBeUndefined();
  });

  test('but not where there is an ONNX model, unless the weights are named', async () => {
    const folder = await written();
    await writeFile(join(folder, 'model.onnx'), '');
    expect(await checkpointFolder(folder)).toBeUndefined();
    expect(await checkpointFolder(join(folder, 'model.safetensors'))).toBe(folder);
  });
});
