/** Reads an ONNX file but for the bytes of its large initializers: these stay on the disk until somebody wants them. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { GraphProtoSchema, ModelProtoSchema, TensorProtoSchema } from 'onnx-buf';
import { pageSize } from './external.ts';
import { byteLength, numberOf } from './wire.ts';

export interface ReadAround {
  /** The encoded model; the initializers in `places` have no raw data in it. */
  readonly bytes: Uint8Array;
  /** Where in the file the raw data of an initializer is, by its index in the graph. */
  readonly places: ReadonlyMap<number, { readonly offset: number; readonly length: number }>;
}

/**
 * @returns undefined if the file is not protobuf; decoding it as a whole says what is wrong with it.
 * @throws Error of the file system.
 */
export function readAroundTensors(path: string): ReadAround | undefined {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const reading = new Reading(file, size);
    const parts = reading.message(0, size, graphNumber, (graph) =>
      reading.message(graph.body, graph.end, initializerNumber, (tensor) => reading.initializer(tensor)),
    );
    return { bytes: reading.take(parts), places: reading.places };
  } catch (error) {
    if (error instanceof NotProtobuf) return undefined;
    throw error;
  } finally {
    closeSync(file);
  }
}

const graphNumber = numberOf(ModelProtoSchema, 'graph');
const initializerNumber = numberOf(GraphProtoSchema, 'initializer');
const rawDataNumber = numberOf(TensorProtoSchema, 'rawData');

/** Kinds of fields, as numbers. */
const [varint, lengthDelimited]: readonly number[] = [WireType.Varint, WireType.LengthDelimited];
const fixedBytes: ReadonlyMap<number, number> = new Map([
  [WireType.Bit64, 8],
  [WireType.Bit32, 4],
]);

class NotProtobuf extends Error {}

/** A field of a message: from its tag at `start` to `end`; its content begins at `body`. */
interface Field {
  readonly number: number;
  readonly type: number;
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

/** Bytes of the file, or new ones. */
type Part = { readonly from: number; readonly to: number } | Uint8Array;

const lengthOf = (parts: readonly Part[]): number =>
  parts.reduce((sum, part) => sum + (part instanceof Uint8Array ? part.byteLength : part.to - part.from), 0);

class Reading {
  readonly places = new Map<number, { offset: number; length: number }>();
  private initializers = 0;
  private readonly file: number;
  private readonly size: number;
  /** A piece of the file, and where it begins. */
  private readonly window = new Uint8Array(1 << 12);
  private windowAt = -1;

  constructor(file: number, size: number) {
    this.file = file;
    this.size = size;
  }

  /** A message in which the content of all fields of one number is changed by `change`; the others stay as they are. */
  message(from: number, to: number, number: number, change: (field: Field) => Part[] | undefined): Part[] {
    const parts: Part[] = [];
    for (let at = from; at < to;) {
      const field = this.field(at, to);
      at = field.end;
      const changed = field.number === number && field.type === lengthDelimited ? change(field) : undefined;
      if (changed) {
        const header = new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(lengthOf(changed)).finish();
        parts.push(header, ...changed);
        continue;
      }
      const last = parts.at(-1);
      if (last && !(last instanceof Uint8Array) && last.to === field.start) {
        parts[parts.length - 1] = { from: last.from, to: field.end };
      } else parts.push({ from: field.start, to: field.end });
    }
    return parts;
  }

  /** @returns the tensor without its raw data, whose place is noted; undefined if that is small, or stored in another way. */
  initializer({ body, end }: Field): Part[] | undefined {
    const index = this.initializers++;
    if (end - body < pageSize) return undefined;
    const parts = this.message(body, end, rawDataNumber, (rawData) => {
      const length = rawData.end - rawData.body;
      if (length < pageSize) return undefined;
      this.places.set(index, { offset: rawData.body, length });
      return [];
    });
    return this.places.has(index) ? parts : undefined;
  }

  take(parts: readonly Part[]): Uint8Array {
    const pieces = parts.map((part) => (part instanceof Uint8Array ? part : this.read(part.from, part.to)));
    const bytes = new Uint8Array(byteLength(pieces));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.byteLength;
    }
    return bytes;
  }

  private field(start: number, limit: number): Field {
    const tag = this.varint(start);
    const number = Math.floor(tag.value / 8);
    const type = tag.value % 8;
    const body = tag.end;
    if (type === lengthDelimited) {
      const length = this.varint(body);
      return this.checked({ number, type, start, body: length.end, end: length.end + length.value }, limit);
    }
    const fixed = fixedBytes.get(type);
    if (fixed === undefined && type !== varint) throw new NotProtobuf();
    return this.checked({ number, type, start, body, end: fixed ? body + fixed : this.varint(body).end }, limit);
  }

  private checked(field: Field, limit: number): Field {
    if (field.end > limit || field.number === 0) throw new NotProtobuf();
    return field;
  }

  private varint(at: number): { readonly value: number; readonly end: number } {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.byte(at + i);
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return { value, end: at + i + 1 };
    }
    throw new NotProtobuf();
  }

  private byte(at: number): number {
    if (at >= this.size) throw new NotProtobuf();
    const { window } = this;
    if (this.windowAt < 0 || at < this.windowAt || at >= this.windowAt + window.byteLength) {
      readSync(this.file, window, 0, window.byteLength, at);
      this.windowAt = at;
    }
    return window[at - this.windowAt] ?? 0;
  }

  private read(from: number, to: number): Uint8Array {
    const bytes = new Uint8Array(to - from);
    for (let done = 0; done < bytes.byteLength;) {
      const read = readSync(this.file, bytes, done, bytes.byteLength - done, from + done);
      if (read === 0) throw new NotProtobuf();
      done += read;
    }
    return bytes;
  }
}
