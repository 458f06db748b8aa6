/** The values of one page as bytes in a row: read in order, or from a place, without unpacking more than is needed. */

import { closeSync, openSync, readSync } from 'node:fs';
import type { CompressionCodec } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { unsnappy, type ReadBytes, type SnappyPlace } from './snappy.ts';

/** Where it stands in a file. */
export interface Place {
  readonly path: string;
  readonly offset: number;
  readonly packed: number;
  readonly unpacked: number;
  readonly codec: CompressionCodec;
}

/** Reads bytes in order. */
export interface Cursor {
  /** Of the next byte. */
  readonly position: number;
  /** @throws Error if there are not so many left. */
  take: (count: number) => Uint8Array;
  skip: (count: number) => void;
}

/** Unpacked bytes between two places to begin at. */
const placeEvery = 1 << 17;
/** Unpacked bytes of a page whose packing has to be undone from its start, and all at once. */
const mostAtOnce = 256 * 2 ** 20;
/** The last such page: recordings tend to be asked for one after another. */
let last: { readonly section: Section; readonly bytes: Uint8Array } | undefined;

export class Section {
  private readonly place: Place;
  /** Places of snappy where unpacking can begin; none if what follows refers to what is before. */
  private places: SnappyPlace[] = [];

  constructor(place: Place) {
    this.place = place;
  }

  get length(): number {
    const { codec, packed, unpacked } = this.place;
    return codec === 'UNCOMPRESSED' ? Math.min(packed, unpacked) : unpacked;
  }

  /** From the start. Places to begin at later are noted on the way. */
  cursor(): Cursor {
    const { codec } = this.place;
    if (codec === 'UNCOMPRESSED') return new PlainCursor(this.read, this.length);
    if (codec !== 'SNAPPY') {
      const bytes = this.whole();
      return new PlainCursor((from, to) => bytes.subarray(from, to), this.length);
    }
    let isApart = true;
    this.places = [];
    const notes = {
      block: (place: SnappyPlace): void => {
        const before = this.places.at(-1);
        if (isApart && place.at > 0 && place.at >= (before?.at ?? 0) + placeEvery) this.places.push(place);
      },
      outside: (): void => {
        isApart = false;
        this.places = [];
      },
    };
    return new PieceCursor(unsnappy(this.read, this.place, undefined, notes));
  }

  /** Bytes at a place, of their own memory. @throws Error if there are not so many. */
  at(start: number, count: number): Uint8Array {
    const { codec } = this.place;
    if (start + count > this.length) throw new Error('the parquet file is broken');
    if (codec === 'UNCOMPRESSED') return this.read(start, start + count);
    if (codec !== 'SNAPPY') return this.whole().slice(start, start + count);
    const from = this.places.findLast(({ at }) => at <= start);
    const cursor = new PieceCursor(unsnappy(this.read, this.place, from, undefined, count + placeEvery));
    cursor.skip(start - (from?.at ?? 0));
    return cursor.take(count);
  }

  private whole(): Uint8Array {
    if (last?.section === this) return last.bytes;
    last = undefined;
    const { codec, packed, unpacked } = this.place;
    if (unpacked > mostAtOnce) {
      throw new Error(
        `a page of it has ${Math.round(unpacked / 2 ** 20)} MB, packed with ${codec.toLowerCase()}; write it with fewer rows in a group, or with snappy`,
      );
    }
    // A few bytes that unpack to all of memory hold no recordings: these are compressed already.
    if (unpacked > 2 ** 24 && unpacked > 64 * packed) throw new Error('the parquet file is broken');
    const unpack = compressors[codec];
    if (!unpack) throw new Error(`it is packed with ${codec}`);
    const bytes = unpack(this.read(0, packed), unpacked);
    if (bytes.length !== unpacked) throw new Error('the parquet file is broken');
    last = { section: this, bytes };
    return bytes;
  }

  /** At once, as in all that runs in the audio workers: promises would take longer than the disk. */
  private readonly read: ReadBytes = (from, to) => {
    const { path, offset, packed } = this.place;
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(to, packed) - from));
      if (readSync(file, bytes, 0, bytes.length, offset + from) < bytes.length) throw new Error('it is cut off');
      return bytes;
    } finally {
      closeSync(file);
    }
  };
}

/** Of bytes that can be read anywhere. */
class PlainCursor implements Cursor {
  position = 0;
  private readonly read: ReadBytes;
  private readonly length: number;

  constructor(read: ReadBytes, length: number) {
    this.read = read;
    this.length = length;
  }

  take(count: number): Uint8Array {
    const from = this.position;
    this.skip(count);
    return this.read(from, this.position);
  }

  skip(count: number): void {
    this.position += count;
    if (this.position > this.length) throw new Error('the parquet file is broken');
  }
}

/** Of bytes that come in pieces. */
class PieceCursor implements Cursor {
  position = 0;
  private readonly pieces: Generator<Uint8Array>;
  private piece: Uint8Array = new Uint8Array(0);

  constructor(pieces: Generator<Uint8Array>) {
    this.pieces = pieces;
  }

  take(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    this.pass(count, (part, at) => bytes.set(part, at));
    return bytes;
  }

  skip(count: number): void {
    this.pass(count, () => undefined);
  }

  private pass(count: number, use: (part: Uint8Array, at: number) => void): void {
    for (let at = 0; at < count;) {
      if (this.piece.length === 0) {
        const next = this.pieces.next() as IteratorResult<Uint8Array, undefined>;
        if (next.done === true) throw new Error('the parquet file is broken');
        this.piece = next.value;
      }
      const part = this.piece.subarray(0, count - at);
      use(part, at);
      this.piece = this.piece.subarray(part.length);
      at += part.length;
    }
    this.position += count;
  }
}
