/** Reads and writes safetensors files: a JSON header, then the tensors' bytes, little-endian. */

import { readFully } from '../../base/readFully.ts';
import { open, type FileHandle } from 'node:fs/promises';
import { writeAtomically } from '../../base/atomicFile.ts';
import { allocate, sizeOf, toBytes, type DataType, type Tensor } from '../graph/tensor.ts';

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file that is not what it should be. The message names it. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
  }
}

const typeNames = {
  float32: 'F32',
  float64: 'F64',
  float16: 'F16',
  bfloat16: 'BF16',
  int8: 'I8',
  uint8: 'U8',
  int16: 'I16',
  uint16: 'U16',
  int32: 'I32',
  uint32: 'U32',
  int64: 'I64',
  uint64: 'U64',
  bool: 'BOOL',
} as const satisfies Record<DataType, string>;

/** The format's own limit, as its reference implementation sets it. */
const longestHeader = 100_000_000;

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

/** A tensor of a file, which is not read yet. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly type: DataType;
  readonly dims: readonly number[];
}

/** A file whose header is read and checked. It stays open until it is closed. */
export interface OpenSafetensors {
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Reads one of the entries into memory of its own. @throws SafetensorsError if the file has become shorter. */
  readonly read: (entry: SafetensorsEntry) => Promise<Tensor>;
  readonly close: () => Promise<void>;
}

/**
 * Reads the header.
 * @throws SafetensorsError if the header and the file do not fit each other; nothing is allocated that the file does not hold.
 */
export async function openSafetensors(path: string): Promise<OpenSafetensors> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw new SafetensorsError(path, `it cannot be opened (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  try {
    const { size } = await file.stat();
    const { entries, metadata, dataStart } = await readHeader(path, file, size);
    const starts = new Map<SafetensorsEntry, number>(entries.map((entry) => [entry, dataStart + entry.start]));
    const read = async (entry: SafetensorsEntry): Promise<Tensor> => {
      const { type, dims } = entry;
      const data = allocate(type, sizeOf(dims));
      await readWhole(path, file, toBytes(data), starts.get(entry) ?? 0);
      return { type, dims, data };
    };
    return { entries, metadata, read, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads every tensor that is wanted, by default all of them, into an array of its own.
 * @throws SafetensorsError as openSafetensors.
 */
export async function readSafetensors(
  path: string,
  wanted: (name: string) => boolean = () => true,
): Promise<SafetensorsFile> {
  const file = await openSafetensors(path);
  try {
    const tensors = new Map<string, Tensor>();
    for (const entry of file.entries) if (wanted(entry.name)) tensors.set(entry.name, await file.read(entry));
    return { tensors, metadata: file.metadata };
  } finally {
    await file.close();
  }
}

interface Entry extends SafetensorsEntry {
  readonly start: number;
  readonly end: number;
}

async function readHeader(path: string, file: FileHandle, size: number) {
  const damaged = (problem: string): SafetensorsError => new SafetensorsError(path, `it is damaged: ${problem}`);
  if (size < 8) throw damaged('it is too short for a header');
  const length = Buffer.alloc(8);
  await readWhole(path, file, length, 0);
  const headerLength = Number(length.readBigUInt64LE());
  if (headerLength > Math.min(longestHeader, size - 8)) throw damaged('its header is longer than the file');
  const text = Buffer.alloc(headerLength);
  await readWhole(path, file, text, 8);
  let header: unknown;
  try {
    header = JSON.parse(text.toString('utf8'));
  } catch {
    throw damaged('its header is not JSON');
  }
  if (!isObject(header)) throw damaged('its header is not an object');
  const dataStart = 8 + headerLength;
  const metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      for (const [key, text] of Object.entries(isObject(value) ? value : {})) {
        if (typeof text === 'string') metadata[key] = text;
      }
      continue;
    }
    const entry = parseEntry(name, value);
    if (!entry) throw damaged(`tensor "${name}" has no valid type, shape and offsets`);
    entries.push(entry);
  }
  // Without holes and overlaps a header can claim no more memory than the file has bytes.
  entries.sort((a, b) => a.start - b.start || a.end - b.end);
  let end = 0;
  for (const entry of entries) {
    if (entry.start !== end) throw damaged(`tensor "${entry.name}" does not start where the one before ends`);
    end = entry.end;
  }
  if (dataStart + end !== size) throw damaged(`its tensors end at byte ${dataStart + end}, the file at ${size}`);
  return { entries, metadata, dataStart };
}

function parseEntry(name: string, value: unknown): Entry | undefined {
  if (!isObject(value)) return undefined;
  const { dtype, shape, data_offsets: offsets } = value;
  const type = (Object.keys(typeNames) as DataType[]).find((type) => typeNames[type] === dtype);
  if (!type || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) return undefined;
  const [start = 0, end = 0] = offsets;
  const bytes = sizeOf(shape) * allocate(type, 0).BYTES_PER_ELEMENT;
  return end - start === bytes ? { name, type, dims: shape, start, end } : undefined;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && (count as number) >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function readWhole(path: string, file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  if ((await readFully(file, into, position)) < into.length) {
    throw new SafetensorsError(path, 'it is damaged: it ends too early');
  }
}
