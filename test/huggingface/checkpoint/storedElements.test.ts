/** Elements with any strides, in any type of floats, are read right however small the pieces are in which they are read. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../../../src/base/random.ts';
import { float32Pieces } from '../../../src/huggingface/checkpoint/storedElements.ts';
import { WeightFile } from '../../../src/huggingface/checkpoint/weightFile.ts';
import { toHalf } from '../../../src/onnx/graph/half.ts';
import { elementsIn } from './elementsIn.ts';

const storage = Float32Array.from({ length: 500 }, (_, i) => i);
const stored = {
  float32: storage,
  float64: Float64Array.from(storage),
  float16: toHalf(storage),
  bfloat16: new Uint16Array(storage.buffer).filter((_, i) => i % 2 === 1),
};
/** bfloat16 has three digits or so. */
const kept = { float32: 500, float64: 500, float16: 500, bfloat16: 256 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pinch-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Row-major, element by element. */
function expected(dims: readonly number[], strides: readonly number[], offset: number): number[] {
  const [dim, ...inner] = dims;
  const [stride = 0, ...others] = strides;
  if (dim === undefined) return [offset];
  return Array.from({ length: dim }, (_, i) => expected(inner, others, offset + i * stride)).flat();
}

/** A view of axes in random order, some of one element, some with gaps, some that overlap. */
function randomView(random: Random, length: number): { dims: number[]; strides: number[]; offset: number } {
  for (;;) {
    const dims = Array.from({ length: random.below(5) }, () => random.below(6));
    let stride = 1 + random.below(2);
    const strides = new Array<number>(dims.length).fill(0);
    for (const axis of random.shuffled(dims.map((_, i) => i))) {
      strides[axis] = random.below(8) === 0 ? random.below(4) : stride;
      stride *= (dims[axis] ?? 1) + (random.below(4) === 0 ? 1 : 0);
    }
    const offset = random.below(20);
    const last = dims.reduce((sum, dim, axis) => sum + Math.max(0, dim - 1) * (strides[axis] ?? 0), offset);
    if (last < length) return { dims, strides, offset };
  }
}

test.each(['float32', 'float64', 'float16', 'bfloat16'] as const)('%s', async (dtype) => {
  const data = stored[dtype];
  const path = join(folder, dtype);
  await writeFile(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  const file = await WeightFile.open(path);
  const random = Random.seeded(5);
  let matrices = 0;
  for (let i = 0; i < 300; i++) {
    const { dims, strides, offset } = randomView(random, kept[dtype]);
    const start = offset * data.BYTES_PER_ELEMENT;
    for (const piece of [1, 7, 1000]) {
      const view = { name: 'a', dtype, dims, strides, start };
      const read = (transposed?: boolean): Promise<number[]> =>
        elementsIn({ float32Pieces: () => float32Pieces(file, view, { piece, transposed }) }).then((all) => [...all]);
      const title = `[${dims.join()}] by [${strides.join()}] from ${offset}, ${piece} at a time`;
      expect(await read(), title).toEqual(expected(dims, strides, offset));
      if (dims.length === 2) {
        matrices++;
        expect(await read(true), title).toEqual(expected(dims.toReversed(), strides.toReversed(), offset));
      }
    }
  }
  await file.close();
  expect(matrices).toBeGreaterThan(100);
});
