/**
 * The same weights from `model.safetensors`, as transformers saves it, from its parts with an index, and from `pytorch_model.bin`, as torch.save
 * does: tensors equal bit for bit. Made by checkpoint_files.py, so this needs a Python with torch and transformers: PINCH_PYTHON, or python3;
 * without one it is left out.
 */

import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../src/huggingface/checkpoint/openCheckpoint.ts';
import { python } from './madeModels.ts';
import { elementsIn } from '../huggingface/checkpoint/elementsIn.ts';

const canMake = spawnSync(python, ['-c', 'import torch, transformers']).status === 0;
if (!canMake) console.log(`${python} lacks torch or transformers: forms of checkpoints are not compared.`);

async function contents(folder: string): Promise<Map<string, unknown>> {
  const checkpoint = await openCheckpoint(folder);
  const read = new Map<string, unknown>();
  for (const [name, tensor] of checkpoint.tensors) {
    const values = await elementsIn(tensor);
    read.set(name, { dims: tensor.dims, dtype: tensor.dtype, bits: Buffer.from(values.buffer).toString('base64') });
  }
  await checkpoint.close();
  return read;
}

describe.skipIf(!canMake)('a checkpoint in its forms', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pinch-checkpoints-'));
    await promisify(execFile)(python, ['test/shared/checkpoint_files.py', '--out', folder]);
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true }));

  test.each(
    ['wav2vec2', 'hubert'].flatMap((family) =>
      ['float32', 'float16', 'bfloat16'].map((dtype) => [family, dtype] as const),
    ),
  )('%s, %s', async (family, dtype) => {
    const model = join(folder, `${family}-${dtype}`);
    const whole = await contents(join(model, 'safetensors'));
    expect(whole.size).toBeGreaterThan(50);
    expect([...whole.values()][0]).toMatchObject({ dtype });
    expect(
      (await readdir(join(model, 'parts'))).filter((name) => name.endsWith('.safetensors')).length,
    ).toBeGreaterThan(1);
    for (const form of ['parts', 'bin', 'bin-parts']) {
      const other = await contents(join(model, form));
      expect([...other.keys()].sort()).toEqual([...whole.keys()].sort());
      for (const [name, tensor] of whole) expect(other.get(name)).toEqual(tensor);
    }
  });
});
