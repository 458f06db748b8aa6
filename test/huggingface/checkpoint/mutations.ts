/** Damages weight files at random places, and reads what is left of them. */

import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { WeightFileError } from '../../../src/base/errors.ts';
import { Random } from '../../../src/base/random.ts';
import { openCheckpoint } from '../../../src/huggingface/checkpoint/openCheckpoint.ts';
import { elementsIn } from './elementsIn.ts';

export const forms = ['safetensors', 'safetensors index', 'bin', 'bin index'] as const;
export type Form = (typeof forms)[number];

const files = join(import.meta.dirname, '../files');

/**
 * Opens `count` mutated files of a form, and reads every tensor of those that open.
 * @throws if one fails in another way than with one sentence of a WeightFileError.
 */
export async function mutate(form: Form, count: number, seed: number): Promise<{ opened: number; refused: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'pinch-test-'));
  const random = Random.seeded(seed, forms.indexOf(form));
  try {
    const { path, bytes } = await prepare(form, folder);
    const result = { opened: 0, refused: 0 };
    for (let i = 0; i < count; i++) {
      await writeFile(path, damage(bytes, random));
      const problem = await readAll(folder);
      if (problem === undefined) result.opened++;
      else {
        result.refused++;
        if (!(problem instanceof WeightFileError)) throw new Error('not a WeightFileError', { cause: problem });
        expect(problem.message).not.toMatch(/[\p{Cc}\p{Zl}]|undefined|NaN/u);
        expect(problem.message.length).toBeLessThan(path.length + 400);
        expect(problem.message.startsWith(folder)).toBe(true);
      }
    }
    return result;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Puts a good checkpoint into the folder. @returns the file that is to be mutated, and what is in it. */
async function prepare(form: Form, folder: string): Promise<{ path: string; bytes: Buffer }> {
  const extension = form.startsWith('bin') ? 'bin' : 'safetensors';
  const source = join(files, `state-dict.${extension}`);
  const stem = extension === 'bin' ? 'pytorch_model' : 'model';
  if (!form.endsWith('index')) return { path: join(folder, `${stem}.${extension}`), bytes: await readFile(source) };
  await cp(source, join(folder, `1.${extension}`));
  await cp(source, join(folder, `2.${extension}`));
  // What a damaged name may lead to.
  await mkdir(join(folder, '3'));
  const names = ['float32', 'float16', 'transposed', 'scalar'];
  const map = Object.fromEntries(names.map((name, i) => [name, `${1 + (i % 2)}.${extension}`]));
  const bytes = Buffer.from(JSON.stringify({ metadata: { note: 'nothing that counts '.repeat(10) }, weight_map: map }));
  return { path: join(folder, `${stem}.${extension}.index.json`), bytes };
}

const interesting = [0, 1, 0x7f, 0x80, 0xff, 0x2e, 0x2f];

/** One to four changes: a bit, a byte, a word of ones, a piece left out, doubled, moved, or all behind some place. */
function damage(bytes: Buffer, random: Random): Buffer {
  let changed = Buffer.from(bytes);
  for (let changes = 1 + random.below(4); changes > 0 && changed.length > 0; changes--) {
    const at = random.below(changed.length);
    const length = 1 + random.below(Math.min(16, changed.length - at));
    const piece = changed.subarray(at, at + length);
    switch (random.below(8)) {
      case 0:
        changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        changed[at] = random.below(256);
        break;
      case 2:
        changed[at] = interesting[random.below(interesting.length)] ?? 0;
        break;
      case 3:
        piece.fill(0xff);
        break;
      case 4:
        changed = Buffer.concat([changed.subarray(0, at), changed.subarray(at + length)]);
        break;
      case 5:
        changed = Buffer.concat([changed.subarray(0, at), piece, changed.subarray(at)]);
        break;
      case 6:
        Buffer.from(piece).copy(changed, random.below(changed.length));
        break;
      case 7:
        if (random.below(4) === 0) changed = changed.subarray(0, at);
        else changed.fill(0, at, at + length);
        break;
    }
  }
  return changed;
}

/** What went wrong, if anything did. */
async function readAll(folder: string): Promise<unknown> {
  try {
    const checkpoint = await openCheckpoint(folder);
    try {
      for (const tensor of checkpoint.tensors.values()) {
        if (!/^float|^bfloat/u.test(tensor.dtype)) continue;
        const values = await elementsIn(tensor);
        expect(values).toHaveLength(tensor.dims.reduce((product, dim) => product * dim, 1));
      }
    } finally {
      await checkpoint.close();
    }
    return undefined;
  } catch (error) {
    return error;
  }
}
