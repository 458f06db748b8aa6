/** Recordings of parquet files that pyarrow wrote (fixtures/parquet/make.py): packed and encoded in several ways, in order and at random. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Random } from '../../../../src/base/random.ts';
import { readParquetAudio } from '../../../../src/speech/audio/parquet/recordings.ts';
import { unsnappy, type SnappyPlace } from '../../../../src/speech/audio/parquet/snappy.ts';
import { fixtures } from '../../files.ts';

const rows = Array.from({ length: 60 }, (_, row) => row);

test.each(['snappy', 'snappy-dictionary', 'zstd-v2', 'delta'])('%s', async (name) => {
  const file = join(fileURLToPath(fixtures), 'parquet', `${name}.parquet`);
  for (const row of Random.seeded(3).shuffled(rows)) {
    if (row % 7 === 0) {
      await expect(readParquetAudio(file, row)).rejects.toThrow(`row ${row} holds no recording`);
      continue;
    }
    const bytes = await readParquetAudio(file, row);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    expect(bytes.byteLength).toBe(44 + 2 * (1600 + row));
    expect([view.getInt16(44, true), view.getInt16(bytes.byteLength - 2, true)]).toEqual([100 * row, 100 * row]);
    expect((await readParquetAudio(file, row, 44)).subarray(0, 44)).toEqual(bytes.subarray(0, 44));
  }
});

test('snappy is unpacked from every place that was noted as from the start', () => {
  const { packed, plain } = madeSnappy();
  const read = (from: number, to: number): Uint8Array => packed.subarray(from, to);
  const length = { packed: packed.length, unpacked: plain.length };
  const places: SnappyPlace[] = [];
  let outside = 0;
  const notes = { block: (place: SnappyPlace) => void places.push(place), outside: () => void outside++ };
  const all = Buffer.concat(Array.from(unsnappy(read, length, undefined, notes, 1000), (piece) => Buffer.from(piece)));
  expect(all.equals(plain)).toBe(true);
  expect(places).toHaveLength(8);
  expect(outside).toBe(0);
  for (const place of places.slice(1)) {
    const rest = Array.from(unsnappy(read, length, place), (piece) => Buffer.from(piece));
    expect(Buffer.concat(rest).equals(plain.subarray(place.at))).toBe(true);
  }
  expect(() => Array.from(unsnappy(read, { ...length, unpacked: length.unpacked + 1 }))).toThrow(/broken/);
  expect(() => Array.from(unsnappy(read, { ...length, packed: 900 }))).toThrow(/broken/);
});

/** Blocks of 64 KB, each of a literal and of copies of it. */
function madeSnappy(): { readonly packed: Buffer; readonly plain: Buffer } {
  const random = Random.seeded(4);
  const packed: Buffer[] = [Buffer.from([0x80, 0x80, 0x20])];
  const plain: Buffer[] = [];
  for (let block = 0; block < 8; block++) {
    const literal = Buffer.from(Array.from({ length: 1024 }, () => random.below(256)));
    packed.push(Buffer.from([61 << 2, 1023 & 255, 1023 >> 8]), literal);
    const out = Buffer.alloc(1 << 16);
    literal.copy(out);
    for (let at = 1024; at < out.length; at += 64) {
      const offset = 64 + random.below(Math.min(at, 60_000) - 63);
      packed.push(Buffer.from([(63 << 2) | 2, offset & 255, offset >> 8]));
      out.copy(out, at, at - offset, at - offset + 64);
    }
    plain.push(out);
  }
  return { packed: Buffer.concat(packed), plain: Buffer.concat(plain) };
}
