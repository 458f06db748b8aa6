/** Kept features on a disk: what is written is read again, what is damaged is not, and limits hold. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Random } from '../../../src/base/random.ts';
import { FeatureFiles, fromBits, inBits } from '../../../src/train/features/files.ts';

let root = '';
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'pinch-features-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const folder = (digit = '0'): string => join(root, digit.repeat(32));
const key = (digit: number): string => String(digit).repeat(64);
const noise = (seed: number, length = 200, scale = 1): Float32Array => {
  const random = Random.seeded(seed);
  return Float32Array.from({ length }, () => scale * random.normal());
};
const open = (limit = 1e9, digit = '0'): Promise<FeatureFiles> =>
  FeatureFiles.open({ folder: folder(digit), limit, expected: 0 });
const written = (): string =>
  join(
    folder(),
    readdirSync(folder()).find((name) => name.endsWith('.features'))!,
  );

/** Three utterances, by a trainer that has ended. */
async function write(): Promise<Float32Array[]> {
  const files = await open();
  const all = [1, 2, 3].map((seed) => noise(seed, 100 * seed));
  for (const [i, features] of all.entries()) await files.add(key(i), 1000 * i, inBits(features, 'float16'));
  await files.close();
  return all.map((features) => fromBits(inBits(features, 'float16')));
}

describe('kept features', () => {
  test('are read as they were written, by whoever wrote them and by the next', async () => {
    const files = await open();
    const features = inBits(noise(1), 'float32');
    expect(await files.add(key(1), 16_000, features)).toBe(true);
    expect(await files.read(key(1))).toEqual({ samples: 16_000, features });
    expect(await files.read(key(2))).toBeUndefined();
    await files.close();
    const next = await open();
    expect(await next.read(key(1))).toEqual({ samples: 16_000, features });
    await next.close();
  });

  test('of two trainers at a time stand in files of their own', async () => {
    const [one, other] = [await open(), await open()];
    await Promise.all([one.add(key(1), 1, noise(1)), other.add(key(2), 2, noise(2))]);
    await Promise.all([one.close(), other.close()]);
    expect(readdirSync(folder())).toHaveLength(2);
    const next = await open();
    expect([next.has(key(1)), next.has(key(2))]).toEqual([true, true]);
    await next.close();
  });

  test('a record with any byte changed is not read; those before it are', async () => {
    const expected = await write();
    const whole = readFileSync(written());
    const second = 96 + 2 * 100;
    // The magic word, type, samples, elements, key, checksum, first and last element of the second record.
    for (const at of [0, 8, 12, 16, 40, 70, 96, 96 + 2 * 200 - 1]) {
      const bytes = Buffer.from(whole);
      bytes[second + at]! ^= 1;
      writeFileSync(written(), bytes);
      const files = await open();
      expect((await files.read(key(0)))?.features, `byte ${at}`).toEqual(expected[0]);
      expect(await files.read(key(1)), `byte ${at}`).toBeUndefined();
      await files.close();
    }
  });

  test('a file cut short anywhere gives what stands whole before the cut', async () => {
    const expected = await write();
    const whole = readFileSync(written());
    const ends = [0, 1, 2].map((i) => expected.slice(0, i + 1).reduce((sum, { length }) => sum + 96 + 2 * length, 0));
    const random = Random.seeded(7);
    for (let trial = 0; trial < 20; trial++) {
      const length = random.below(whole.length);
      writeFileSync(written(), whole);
      truncateSync(written(), length);
      const files = await open();
      for (const i of [0, 1, 2]) {
        const found = await files.read(key(i));
        expect(found?.features, `cut at ${length}`).toEqual(length >= ends[i]! ? expected[i] : undefined);
      }
      await files.close();
    }
  });

  test('files of noise, and sizes that no memory holds, are passed over', async () => {
    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(folder(), 'a.features'), Buffer.from(noise(1, 4000).buffer));
    const header = Buffer.alloc(96);
    header.write('PINCHFE1');
    header.writeUInt32LE(2, 8);
    header.writeUInt32LE(0xffff_ffff, 16);
    writeFileSync(join(folder(), 'b.features'), header);
    const files = await open();
    expect(files.has('0'.repeat(64))).toBe(false);
    expect(await files.add(key(1), 1, noise(2))).toBe(true);
    await files.close();
  });

  test('stop being written at the limit', async () => {
    const files = await open(96 + 800);
    expect(await files.add(key(1), 1, noise(1))).toBe(true);
    expect(await files.add(key(2), 1, noise(2))).toBe(false);
    expect(files.bytesLeft).toBe(0);
    await files.close();
    expect(readFileSync(written())).toHaveLength(96 + 800);
  });

  test('of other encoders leave, the longest unused first, when there is no room for these', async () => {
    for (const digit of ['1', '2', '3']) {
      const files = await open(1e9, digit);
      await files.add(key(1), 1, noise(1, 1000));
      await files.close();
      utimesSync(folder(digit), new Date(), new Date(Date.now() - Number(digit) * 1e6));
    }
    const files = await FeatureFiles.open({ folder: folder(), limit: 10_000, expected: 5000 });
    expect(['1', '2', '3'].map((digit) => existsSync(folder(digit)))).toEqual([true, false, false]);
    expect(files.bytesLeft).toBe(10_000 - 4096);
    await files.close();
  });
});

describe('16 bits', () => {
  test.each([1e-3, 1, 1e3])('are enough for features of size %d', (scale) => {
    const features = noise(5, 10_000, scale);
    const bits = inBits(features, 'float16');
    expect(bits).toBeInstanceOf(Uint16Array);
    const kept = fromBits(bits);
    const wrong = features.reduce((sum, value, i) => sum + (value - kept[i]!) ** 2, 0);
    expect(Math.sqrt(wrong / features.reduce((sum, value) => sum + value ** 2, 0))).toBeLessThan(5e-4);
  });

  test.each([1e-7, 1e5])('are not taken for features of size %d', (scale) => {
    const features = noise(5, 10_000, scale);
    expect(inBits(features, 'float16')).toBe(features);
  });
});
