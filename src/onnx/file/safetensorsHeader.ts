/** The header of a safetensors file: which tensors it holds, and where. */

import type { FileHandle } from 'node:fs/promises';
import { quoted, WeightFileError } from '../../base/errors.ts';
import { readFully } from '../../base/readFully.ts';
import { allocate, sizeOf, type DataType } from '../graph/tensor.ts';

/** A file that is not what it should be. The message names it. */
export class SafetensorsError extends WeightFileError {
  override readonly name = 'SafetensorsError';
}

/** The format's names of the element types. */
export const typeNames = {
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

const types = new Map<unknown, DataType>(Object.entries(typeNames).map(([type, name]) => [name, type as DataType]));

/** Where a tensor stands in the file. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly type: DataType;
  readonly dims: readonly number[];
  /** Byte in the file. */
  readonly start: number;
  /** Byte behind the last one. */
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Bytes: room for some 30,000 tensors. The format itself allows 100 MB, of which a hostile header makes gigabytes of small objects.
 */
const longestHeader = 4_000_000;

/**
 * Reads the header of an open file.
 * @param path for messages.
 * @throws SafetensorsError if the header and the file do not fit each other.
 */
export async function readSafetensorsHeader(path: string, file: FileHandle): Promise<SafetensorsHeader> {
  const { size } = await file.stat();
  const damaged = (problem: string): SafetensorsError => new SafetensorsError(path, `it is damaged: ${problem}`);
  if (size < 8) throw damaged('it is too short for a header');
  const length = Buffer.alloc(8);
  await readWhole(path, file, length, 0);
  const headerLength = Number(length.readBigUInt64LE());
  if (headerLength > size - 8) throw damaged('its header is longer than the file');
  if (headerLength > longestHeader) throw new SafetensorsError(path, 'its header is longer than that of any model');
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
  const entries: SafetensorsEntry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      for (const [key, text] of Object.entries(isObject(value) ? value : {})) {
        if (typeof text === 'string') metadata[key] = text;
      }
      continue;
    }
    const entry = parseEntry(name, value, dataStart);
    if (!entry) throw damaged(`tensor ${quoted(name)} has no valid type, shape and offsets`);
    entries.push(entry);
  }
  // Without holes and overlaps a header can claim no more memory than the file has bytes.
  entries.sort((a, b) => a.start - b.start || a.end - b.end);
  let end = dataStart;
  for (const entry of entries) {
    if (entry.start !== end) throw damaged(`tensor ${quoted(entry.name)} does not start where the one before ends`);
    end = entry.end;
  }
  if (end !== size) throw damaged(`its tensors end at byte ${end}, the file at ${size}`);
  return { entries, metadata };
}

/** Fills `into` from a position on. @throws SafetensorsError if the file ends too early. */
export async function readWhole(path: string, file: FileHandle, into: Uint8Array, position: number): Promise<void> {
  if ((await readFully(file, into, position)) < into.length) {
    throw new SafetensorsError(path, 'it is damaged: it ends too early');
  }
}

function parseEntry(name: string, value: unknown, dataStart: number): SafetensorsEntry | undefined {
  if (!isObject(value)) return undefined;
  const { dtype, shape, data_offsets: offsets } = value;
  const type = types.get(dtype);
  if (!type || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) return undefined;
  const [start = 0, end = 0] = offsets;
  const bytes = sizeOf(shape) * allocate(type, 0).BYTES_PER_ELEMENT;
  return end - start === bytes
    ? { name, type, dims: shape, start: dataStart + start, end: dataStart + end }
    : undefined;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((count) => Number.isSafeInteger(count) && (count as number) >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
