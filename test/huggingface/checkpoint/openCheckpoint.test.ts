/**
 * Weights of Hugging Face checkpoints: what torch.save and safetensors wrote of one state dict (test/huggingface/files) is read the same, as
 * one file, in parts with an index, and as zip64; which file is taken where several stand; and what is said where none can be.
 */

import { cp, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WeightFileError } from '../../../src/base/errors.ts';
import type { Checkpoint } from '../../../src/huggingface/checkpoint/checkpoint.ts';
import { openCheckpoint, openWeightFile } from '../../../src/huggingface/checkpoint/openCheckpoint.ts';
import { elementsOf } from '../../../src/onnx/graph/elements.ts';
import { readSafetensors } from '../../../src/onnx/safetensors/safetensors.ts';
import { stateDict, tensor, torchFile } from '../torchFiles.ts';
import { elementsIn } from './elementsIn.ts';

const files = join(import.meta.dirname, '../files');
const floats = new Set(['float32', 'float16', 'bfloat16', 'float64']);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pinch-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const put = (from: string, name: string): Promise<void> => cp(join(files, from), join(folder, name));

/** Shape and values of every tensor of floats. */
async function contents(checkpoint: Checkpoint): Promise<Record<string, unknown>> {
  const read: Record<string, unknown> = {};
  for (const [name, each] of checkpoint.tensors) {
    expect(each.name).toBe(name);
    if (floats.has(each.dtype)) read[name] = { dims: each.dims, values: [...(await elementsIn(each))] };
  }
  await checkpoint.close();
  return read;
}

/** The same from the house's other reader of safetensors, which takes whole files. */
async function expected(): Promise<Record<string, unknown>> {
  const { tensors } = await readSafetensors(join(files, 'state-dict.safetensors'));
  const floating = Array.from(tensors).filter(([, { type }]) => floats.has(type));
  return Object.fromEntries(
    floating.map(([name, each]) => [
      name,
      { dims: each.dims, values: Array.from(elementsOf(each), (value) => Math.fround(value)) },
    ]),
  );
}

describe('one state dict is read the same', () => {
  test.each([
    ['from model.safetensors', 'state-dict.safetensors', 'model.safetensors'],
    ['from pytorch_model.bin', 'state-dict.bin', 'pytorch_model.bin'],
    ['from pytorch_model.bin with a pickle of protocol 4', 'protocol-4.bin', 'pytorch_model.bin'],
  ])('%s', async (_, from, name) => {
    await put(from, name);
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.files).toEqual([join(folder, name)]);
    expect([...checkpoint.tensors.keys()].sort()).toEqual(
      [...(await readSafetensors(join(files, 'state-dict.safetensors'))).tensors.keys()].sort(),
    );
    expect(checkpoint.tensors.get('int64')).toMatchObject({ dtype: 'int64', dims: [] });
    expect(checkpoint.tensors.get('bfloat16')).toMatchObject({ dtype: 'bfloat16', dims: [2, 3] });
    const all = await contents(checkpoint);
    expect(all).toEqual(await expected());
    expect(Object.keys(all)).toHaveLength(13);
  });

  test.each(['safetensors', 'bin'])('from parts with an index, %s', async (extension) => {
    const stem = extension === 'bin' ? 'pytorch_model' : 'model';
    // Each part has all tensors; the index says which count.
    await put(`state-dict.${extension}`, `${stem}-00001-of-00002.${extension}`);
    await put(`state-dict.${extension}`, `${stem}-00002-of-00002.${extension}`);
    const names = Object.keys(await expected());
    const map = Object.fromEntries(names.map((name, i) => [name, `${stem}-0000${1 + (i % 2)}-of-00002.${extension}`]));
    const index = `${stem}.${extension}.index.json`;
    await writeFile(join(folder, index), JSON.stringify({ metadata: { total_size: 1 }, weight_map: map }));
    const checkpoint = await openCheckpoint(folder);
    expect(checkpoint.files.map((file) => file.slice(folder.length + 1))).toEqual([
      ...[index, `${stem}-00001-of-00002.${extension}`, `${stem}-00002-of-00002.${extension}`],
    ]);
    expect(await contents(checkpoint)).toEqual(await expected());
  });

  test.each([false, true])('from a zip file, zip64: %s', async (zip64) => {
    const data = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
    const values = { a: tensor({ dims: [2, 3], strides: [3, 1] }), b: tensor({ dims: [3, 2], strides: [1, 3] }) };
    await writeFile(join(folder, 'pytorch_model.bin'), torchFile(stateDict(values), { 0: data }, zip64));
    expect(await contents(await openCheckpoint(folder))).toEqual({
      a: { dims: [2, 3], values: [1, 2, 3, 4, 5, 6] },
      b: { dims: [3, 2], values: [1, 4, 2, 5, 3, 6] },
    });
  });

  test('through the links of a download cache', async () => {
    const [blobs, snapshot] = [join(folder, 'blobs'), join(folder, 'snapshots/abc')];
    await mkdir(blobs);
    await mkdir(snapshot, { recursive: true });
    await cp(join(files, 'state-dict.safetensors'), join(blobs, '1'));
    const map = Object.fromEntries(Object.keys(await expected()).map((name) => [name, 'one.safetensors']));
    await writeFile(join(blobs, '2'), JSON.stringify({ weight_map: map }));
    await symlink('../../blobs/1', join(snapshot, 'one.safetensors'));
    await symlink('../../blobs/2', join(snapshot, 'model.safetensors.index.json'));
    expect(await contents(await openCheckpoint(snapshot))).toEqual(await expected());
  });
});

test('safetensors is taken before a pickle, one file before parts, and a file by any name', async () => {
  await put('state-dict.bin', 'pytorch_model.bin');
  await put('state-dict.bin', 'adapter.deu.bin');
  const taken = async (): Promise<string | undefined> => {
    const checkpoint = await openCheckpoint(folder);
    await checkpoint.close();
    return checkpoint.files[0]?.slice(folder.length + 1);
  };
  expect(await taken()).toBe('pytorch_model.bin');
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: {} }));
  expect(await taken()).toBe('model.safetensors.index.json');
  await put('state-dict.safetensors', 'model.safetensors');
  expect(await taken()).toBe('model.safetensors');
  const adapter = await openWeightFile(join(folder, 'adapter.deu.bin'));
  expect(await contents(adapter)).toEqual(await expected());
});

test('elements that are no floats are refused, with the type and the name', async () => {
  await put('state-dict.bin', 'pytorch_model.bin');
  const checkpoint = await openCheckpoint(folder);
  await expect(elementsIn(checkpoint.tensors.get('int64')!)).rejects.toThrow(/tensor "int64" is of type int64/u);
  await checkpoint.close();
});

test.each(['model.safetensors', 'pytorch_model.bin'])('%s that became shorter after it was opened', async (name) => {
  await put(name === 'model.safetensors' ? 'state-dict.safetensors' : 'state-dict.bin', name);
  const checkpoint = await openCheckpoint(folder);
  await truncate(join(folder, name), 4);
  await expect(elementsIn(checkpoint.tensors.get('float32')!)).rejects.toThrow(/has become shorter/u);
  await checkpoint.close();
});

describe('one sentence for', () => {
  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['a folder without weights', () => Promise.resolve(), /no model\.safetensors or pytorch_model\.bin/u],
    ['weights of TensorFlow', () => writeFile(join(folder, 'tf_model.h5'), ''), /another framework only \(tf_model/u],
    ['an empty file', () => writeFile(join(folder, 'pytorch_model.bin'), ''), /no file that torch\.save wrote/u],
    ['the form before 1.6', () => put('before-1.6.bin', 'pytorch_model.bin'), /before version 1\.6; load it with/u],
    [
      'a module instead of its state dict',
      () => put('whole-module.bin', 'pytorch_model.bin'),
      /names "torch\.nn\.modules\.linear\.Linear", which is no part of tensors.*nothing of it was run/u,
    ],
    ['a checkpoint of training', () => put('training.bin', 'pytorch_model.bin'), /holds as "epoch" is no tensor/u],
    [
      'a pointer of Git LFS',
      () => writeFile(join(folder, 'model.safetensors'), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\n'),
      /pointer of Git LFS.*git lfs pull/u,
    ],
    ['a folder of that name', () => mkdir(join(folder, 'model.safetensors')), /not a file/u],
  ])('%s', async (_, prepare, sentence) => {
    await prepare();
    const opening = openCheckpoint(folder);
    await expect(opening).rejects.toThrow(WeightFileError);
    await expect(opening).rejects.toThrow(sentence);
    await expect(opening).rejects.toThrow(folder);
  });

  test('a folder that is not there', async () => {
    await expect(openCheckpoint(join(folder, 'none'))).rejects.toThrow(/none: the folder does not exist/u);
  });
});
