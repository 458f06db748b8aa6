/** The size of files after gzip: estimated from a sample, or measured on all bytes. */

import { open, stat, type FileHandle } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, deflateRaw } from 'node:zlib';
import type { FileSize } from '../../protocol/results/model.ts';
import { Random } from '../../base/random.ts';

export type GzippedSize = Pick<FileSize, 'gzippedBytes' | 'gzippedError'>;

export interface GzipOptions {
  /** Whether to compress all bytes, which takes a minute for a gigabyte on one core. */
  readonly exact?: boolean | undefined;
  /** Called with the bytes compressed so far and in all, if all are compressed. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Bytes. Smaller files are always compressed whole: that is quick, and they are mostly graph. */
const smallFile = 4 << 20;
/** Bytes of one block of the sample: short, for many blocks, and long enough that block ends matter little. */
const sampleBlock = 1 << 15;
/** Bytes of all samples together: a quarter of a second of work for one core. */
const sampleBlocks = 128;
/** Bytes that one thread compresses at a time. */
const exactBlock = 1 << 20;
/** Bytes of gzip's window. */
const window = 1 << 15;
/** Bytes of a file's header and checksum. */
const frame = 18;
/** Minimum error of the estimate: the cost of starting and ending blocks, which no sample shows. */
const leastError = 5e-3;

/**
 * For a large file, a sample of blocks is compressed: one at a random place in each of equal parts (seeded, so that the same files give the
 * same number), each with the preceding bytes as gzip's window. The error follows from the differences of neighbouring blocks (Wolter, An
 * investigation of some estimators of variance for systematic sampling, 1984, estimator 2).
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

/** Compresses parts in parallel, each with the end of the previous part as its window. The concatenated results are one file. */
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

/** The compression ratio of each block of the sample. @param wanted number of blocks. */
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

/** @param last whether the stream ends there; otherwise it continues at a whole byte. */
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
