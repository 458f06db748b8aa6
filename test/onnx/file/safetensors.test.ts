/** Safetensors: what is written comes back, another implementation reads it the same, and damaged headers are refused. */

import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { float32, int64, type Tensor } from '../../../src/onnx/graph/tensor.ts';
import { readSafetensors, SafetensorsError, writeSafetensors } from '../../../src/onnx/file/safetensors.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pinch-test-'));
});

const tensors = new Map<string, Tensor>([
  ['weight/ä "quoted"', float32([1.5, -0, NaN, 3e-40, Infinity, 6], [2, 3])],
  ['scalar', float32([7], [])],
  ['empty', float32([], [0, 4])],
  ['labels', int64([-1, 2 ** 40])],
  ['flags', { type: 'bool', dims: [3], data: Uint8Array.from([1, 0, 1]) }],
]);

test('every tensor and all metadata come back bit for bit, and no temporary file stays', async () => {
  const path = join(folder, 'round.safetensors');
  await writeSafetensors(path, { tensors, metadata: { pinch: '{"step":3}' } });
  const read = await readSafetensors(path);
  expect(read.metadata).toEqual({ pinch: '{"step":3}' });
  expect([...read.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
  for (const [name, tensor] of tensors) expect(read.tensors.get(name)).toEqual(tensor);
  expect(await readdir(folder)).toEqual(['round.safetensors']);
});

test('the layout is the format: length, JSON header, tensors without gaps', async () => {
  const path = join(folder, 'layout.safetensors');
  await writeSafetensors(path, { tensors: new Map([['a', float32([1, 2])]]), metadata: {} });
  const bytes = await readFile(path);
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, unknown>;
  expect(header['a']).toEqual({ dtype: 'F32', shape: [2], data_offsets: [0, 8] });
  expect((8 + length) % 8).toBe(0);
  expect(bytes.readFloatLE(8 + length + 4)).toBe(2);
  expect(bytes.length).toBe(8 + length + 8);
});

describe('refuses', () => {
  const header = (json: unknown, data = 8, length?: number): Buffer => {
    const text = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(length ?? text.length));
    return Buffer.concat([size, text, Buffer.alloc(data)]);
  };
  const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  test.each([
    ['an empty file', Buffer.alloc(0), /too short/u],
    ['a header longer than the file', header({ a: entry }, 8, 2 ** 40), /longer than the file/u],
    ['a header that is not JSON', header('{'), /not JSON/u],
    ['a header that is a list', header([]), /not an object/u],
    ['an unknown type', header({ a: { ...entry, dtype: 'F7' } }), /"a" has no valid type/u],
    ['a shape that does not fit its bytes', header({ a: { ...entry, shape: [3] } }), /"a" has no valid type/u],
    ['a shape beyond all memory', header({ a: { ...entry, shape: [2 ** 40, 2 ** 40] } }), /"a" has no valid type/u],
    ['negative sizes', header({ a: { ...entry, shape: [-1, -2] } }), /"a" has no valid type/u],
    ['tensors that overlap', header({ a: entry, b: entry }), /does not start where/u],
    ['tensors with a gap', header({ a: { ...entry, data_offsets: [8, 16] } }, 16), /does not start where/u],
    ['a file that ends too early', header({ a: entry }, 4), /end at byte/u],
    ['bytes behind the last tensor', header({ a: entry }, 9), /end at byte/u],
  ])('%s', async (_, bytes, sentence) => {
    const path = join(folder, 'bad.safetensors');
    await writeFile(path, bytes);
    const reading = readSafetensors(path);
    await expect(reading).rejects.toThrow(SafetensorsError);
    await expect(reading).rejects.toThrow(sentence);
    await expect(reading).rejects.toThrow(path);
  });

  test('a file that is not there', async () => {
    await expect(readSafetensors(join(folder, 'none'))).rejects.toThrow(/cannot be opened \(ENOENT\)/u);
  });
});
