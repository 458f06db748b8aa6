/** Reads and writes safetensors files: a JSON header, then the tensors' bytes, little-endian. */

import { open, type FileHandle } from 'node:fs/promises';
import { writeAtomically } from '../../base/atomicFile.ts';
import { allocate, sizeOf, toBytes, type Tensor } from '../graph/tensor.ts';
import { readSafetensorsHeader, readWhole, SafetensorsError, typeNames } from './safetensorsHeader.ts';

export { SafetensorsError } from './safetensorsHeader.ts';

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Writes the file whole or not at all. Tensors are written straight from their arrays.
 * @throws Error of Node naming what is wrong with the disk.
 */
export async function writeSafetensors(path: string, { tensors, metadata }: SafetensorsFile): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { type, dims, data }] of tensors) {
    const start = end;
    end += data.byteLength;
    header[name] = { dtype: typeNames[type], shape: dims, data_offsets: [start, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  // Spaces behind the header keep the tensors aligned, so that they can be mapped into memory.
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  await writeAtomically(path, pieces([length, padded], tensors.values()));
}

function* pieces(header: readonly Uint8Array[], tensors: Iterable<Tensor>): Generator<Uint8Array> {
  yield* header;
  for (const { data } of tensors) yield toBytes(data);
}

/**
 * Reads every tensor that is wanted, by default all of them, into an array of its own.
 * @throws SafetensorsError if the header and the file do not fit each other; nothing is allocated that the file does not hold.
 */
export async function readSafetensors(
  path: string,
  wanted: (name: string) => boolean = () => true,
): Promise<SafetensorsFile> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw new SafetensorsError(path, `it cannot be opened (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  try {
    const { entries, metadata } = await readSafetensorsHeader(path, file);
    const tensors = new Map<string, Tensor>();
    for (const { name, type, dims, start } of entries) {
      if (!wanted(name)) continue;
      const data = allocate(type, sizeOf(dims));
      await readWhole(path, file, toBytes(data), start);
      tensors.set(name, { type, dims, data });
    }
    return { tensors, metadata };
  } finally {
    await file.close();
  }
}
