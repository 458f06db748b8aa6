/** How large files would be after gzip: estimated from a sample of them, or from all that they hold. */

import { open, stat, type FileHandle } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, deflateRaw } from 'node:zlib';
import type { FileSize } from '../../protocol/results/model.ts';
import { Random } from '../../base/random.ts';

export type GzippedSize = Pick<FileSize, 'gzippedBytes' | 'gzippedError'>;

export interface GzipOptions {
  /** Whether to compress everything, which takes a minute for a gigabyte on one core. */
  readonly exact?: boolean | undefined;
  /** Is told how many bytes of how many have been compressed, if everything is. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Files up to this size are compressed whole, always: quick, and they are graphs more than weights. */
const smallFile = 4 << 20;
/** Bytes of a block of the sample: short, so that there are many, and long enough that their ends matter little. */
const sampleBlock = 1 << 15;
/** In all files together; a quarter of a second of work for one core. */
const sampleBlocks = 128;
/** What one thread takes at a time. */
const exactBlock = 1 << 20;
/** How far back gzip looks for what it has seen before. */
const window = 1 << 15;
/** Header and checksum of a file. */
const frame = 18;
/** The least error of the estimate: what blocks cost for beginning and ending, which no sample shows. */
const leastError = 5e-3;

/**
 * For a large file a sample of blocks is compressed, one at a random place in each of equal parts (seeded, so that the same files give the
 * same number), each with what stands before it as gzip would have seen it. The error follows from how neighbouring blocks differ
 * (Wolter, An investigation of some estimators of variance for systematic sampling, 1984, estimator 2).
 */
export async function gzippedSize(
  paths: readonly string[],
  { exact = false, onProgress }: GzipOptions = {},
): Promise<GzippedSize> {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let [bytes, variance, sampled, done] = [0, 0, false, 0];
  for (const [index, path] of paths.entries()) {
    const size = sizes[index] ?? 0;
    const file = await open(path, 'r');
    try {
      if (exact || size <= smallFile) {
        const before = done;
        const whole = await wholeSize(file, size, (part) => {
          if (exact) onProgress?.(before + part, total);
        });
        bytes += frame + whole;
      } else {
        const shares = await sampleShares(file, size, Math.round((sampleBlocks * size) / total));
        bytes += frame + size * mean(shares);
        variance += size ** 2 * varianceOfMean(shares);
        sampled = true;
      }
    } finally {
      await file.close();
    }
    done += size;
  }
  const gzippedBytes = Math.round(bytes);
  const error = Math.round(Math.max(1.96 * Math.sqrt(variance), leastError * bytes));
  return { gzippedBytes, gzippedError: sampled ? error : null };
}

/** Compresses parts side by side, each with the end of the one before as its past; written one behind the other, they are one file. */
async function wholeSize(file: FileHandle, size: number, onPart: (done: number) => void): Promise<number> {
  const parts = Math.max(1, Math.ceil(size / exactBlock));
  let [next, done, bytes] = [0, 0, 0];
  const worker = async (): Promise<void> => {
    while (next < parts) {
      const start = next++ * exactBlock;
      const length = Math.min(exactBlock, size - start);
      const compressed = await compressedLength(file, start, length, start + length >= size);
      bytes += compressed;
      done += length;
      onPart(done);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return bytes;
}

/** What becomes of a byte in each block of the sample. @param wanted how many blocks. */
async function sampleShares(file: FileHandle, size: number, wanted: number): Promise<number[]> {
  const count = Math.max(8, Math.min(wanted, Math.floor(size / (2 * sampleBlock))));
  const random = Random.seeded(0);
  const starts = Array.from({ length: count }, (_, i) => {
    const [from, to] = [(i * size) / count, ((i + 1) * size) / count];
    return Math.floor(from + random.uniform() * (to - from - sampleBlock));
  });
  return Promise.all(
    starts.map(async (start) => (await compressedLength(file, start, sampleBlock, false)) / sampleBlock),
  );
}

const compress = promisify<Buffer, object, Buffer>(deflateRaw);

/** @param last whether the stream ends there; else it goes on at a whole byte. */
async function compressedLength(file: FileHandle, start: number, length: number, last: boolean): Promise<number> {
  const past = Math.min(window, start);
  const bytes = Buffer.allocUnsafe(past + length);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, start - past);
  if (bytesRead < past) return 0;
  const finishFlush = last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
  const dictionary = past > 0 ? { dictionary: bytes.subarray(0, past) } : {};
  return (await compress(bytes.subarray(past, bytesRead), { finishFlush, ...dictionary })).length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function varianceOfMean(values: readonly number[]): number {
  const squares = values.slice(1).map((value, i) => (value - (values[i] ?? 0)) ** 2);
  return mean(squares) / 2 / values.length;
}
