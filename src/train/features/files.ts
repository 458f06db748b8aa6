/**
 * Kept features on the disk. A folder belongs to one encoder; in it every trainer appends to a file of its own, and reads those of all.
 * A record carries the checksum of all its bytes: what a crash or a bad disk left of it counts as not there, and is computed again.
 */

import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { open, readdir, rm, stat, statfs, utimes, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../base/makeFolder.ts';
import { fromHalf, toHalf } from '../../onnx/graph/half.ts';

/** What an utterance became. */
export interface Kept {
  /** Samples of its audio. */
  readonly samples: number;
  readonly features: Float32Array;
}

/** How features are kept: in 16 bits, unless that would change some by more than it should, or in 32. */
export type FeatureType = 'float16' | 'float32';

export interface FeatureFilesOptions {
  /** The folder of this encoder; it is made if it is not there. */
  readonly folder: string;
  /** Bytes that all encoders' folders together may take. */
  readonly limit: number;
  /** Bytes that what is to be kept will take, about. */
  readonly expected: number;
}

interface FilePlace {
  readonly file: FileHandle;
  readonly at: number;
  readonly type: number;
  readonly samples: number;
  readonly elements: number;
}

export class FeatureFiles {
  private readonly folder: string;
  private readonly places = new Map<string, FilePlace>();
  private readonly open: FileHandle[] = [];
  private room: number;
  /** Bytes of this encoder's features on the disk when it was opened. */
  readonly bytesHeld: number;
  private own: { readonly file: FileHandle; length: number } | undefined;

  private constructor(folder: string, room: number, held: number) {
    this.folder = folder;
    this.room = room;
    this.bytesHeld = held;
  }

  /**
   * Opens what earlier runs kept. Folders of other encoders, the longest unused first, make room for what is expected.
   * @throws the file system's error if the folder cannot be made or read.
   */
  static async open({ folder, limit, expected }: FeatureFilesOptions): Promise<FeatureFiles> {
    await makeFolder(folder);
    const now = new Date();
    await utimes(folder, now, now).catch(() => undefined);
    const held = await bytesIn(folder);
    const others = await makeRoom(folder, limit - Math.max(held, expected));
    const { bavail, bsize } = await statfs(folder);
    const files = new FeatureFiles(folder, Math.min(limit - held - others, bavail * bsize - leftFree), held);
    for (const name of await readdir(folder)) {
      if (!name.endsWith(ending)) continue;
      // Another trainer may have removed it meanwhile.
      const file = await open(join(folder, name), 'r').catch(() => undefined);
      if (!file) continue;
      files.open.push(file);
      files.find(file, join(folder, name));
    }
    return files;
  }

  /** Bytes that may still be written. */
  get bytesLeft(): number {
    return Math.max(0, this.room);
  }

  has(key: string): boolean {
    return this.places.has(key);
  }

  /** @returns undefined if they are not there, or not as they were written. */
  async read(key: string): Promise<Kept | undefined> {
    const place = this.places.get(key);
    if (!place) return undefined;
    const { file, at, type, samples, elements } = place;
    const bytes = new Uint8Array(headerBytes + elements * widthOf(type));
    const complete = await file.read(bytes, 0, bytes.length, at).then(
      ({ bytesRead }) => bytesRead === bytes.length,
      () => false,
    );
    const header = Buffer.from(bytes.buffer, 0, headerBytes);
    const payload = bytes.subarray(headerBytes);
    const said = header.subarray(signedBytes);
    if (!complete || !digest(header, payload).equals(said) || header.toString('hex', keyAt, signedBytes) !== key) {
      this.places.delete(key);
      return undefined;
    }
    const features =
      type === half
        ? fromHalf(new Uint16Array(bytes.buffer, headerBytes, elements))
        : new Float32Array(bytes.buffer, headerBytes, elements);
    return { samples, features };
  }

  /**
   * Appends what is not there yet.
   * @param key 64 hexadecimal digits that stand for the audio.
   * @param bits from `inBits`.
   * @returns false if there is no room for it, which then stays so.
   */
  async add(key: string, samples: number, bits: Uint16Array | Float32Array): Promise<boolean> {
    if (this.places.has(key)) return true;
    const size = headerBytes + bits.byteLength;
    if (size > this.room) {
      this.room = 0;
      return false;
    }
    const header = Buffer.alloc(headerBytes);
    header.write(magic, 0, 'latin1');
    const type = bits instanceof Uint16Array ? half : single;
    header.writeUInt32LE(type, 8);
    header.writeUInt32LE(samples, 12);
    header.writeUInt32LE(bits.length, 16);
    header.write(key, keyAt, 'hex');
    const payload = new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
    digest(header, payload).copy(header, signedBytes);
    try {
      this.own ??= await this.create();
      const { file, length } = this.own;
      const { bytesWritten } = await file.writev([header, payload], length);
      if (bytesWritten !== size) throw new Error('the disk did not take all of it');
      this.places.set(key, { file, at: length, type, samples, elements: bits.length });
      this.own.length += size;
      this.room -= size;
      return true;
    } catch {
      // The disk is full, or no longer there. What was written of it lies behind the last whole record.
      await this.own?.file.truncate(this.own.length).catch(() => undefined);
      this.room = 0;
      return false;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.open.splice(0).map((file) => file.close().catch(() => undefined)));
    this.places.clear();
  }

  private async create(): Promise<{ readonly file: FileHandle; length: number }> {
    const file = await open(join(this.folder, `${randomBytes(8).toString('hex')}${ending}`), 'wx+');
    this.open.push(file);
    return { file, length: 0 };
  }

  /** Goes from header to header, as far as they make sense; whether the records do is seen when they are read. */
  private find(file: FileHandle, path: string): void {
    const size = fstatSync(file.fd).size;
    const header = Buffer.alloc(signedBytes);
    // A hundred thousand small reads, one awaited after the other, would take seconds.
    const reader = openSync(path, 'r');
    try {
      for (let at = 0; at + headerBytes <= size;) {
        if (readSync(reader, header, 0, signedBytes, at) !== signedBytes) return;
        const [type, samples, elements] = [header.readUInt32LE(8), header.readUInt32LE(12), header.readUInt32LE(16)];
        const next = at + headerBytes + elements * widthOf(type);
        if (header.toString('latin1', 0, 8) !== magic || (type !== half && type !== single) || next > size) return;
        const key = header.toString('hex', keyAt, signedBytes);
        if (!this.places.has(key)) this.places.set(key, { file, at, type, samples, elements });
        at = next;
      }
    } finally {
      closeSync(reader);
    }
  }
}

/**
 * The features as they are kept. In 16 bits, numbers of ordinary size are off by three parts in ten thousand, far less than what one
 * step of training changes; where they are so large or so small that it would be more than a part in a thousand, 32 bits are taken.
 */
export function inBits(features: Float32Array, type: FeatureType): Uint16Array | Float32Array {
  if (type === 'float32') return features;
  const halves = toHalf(features);
  const rounded = fromHalf(halves);
  let [wrong, all] = [0, 0];
  for (let i = 0; i < features.length; i++) {
    const value = features[i] ?? 0;
    wrong += ((rounded[i] ?? 0) - value) ** 2;
    all += value ** 2;
  }
  return wrong <= 1e-6 * all ? halves : features;
}

/** The numbers that such bits stand for. */
export function fromBits(bits: Uint16Array | Float32Array): Float32Array {
  return bits instanceof Uint16Array ? fromHalf(bits) : bits;
}

/**
 * A record: the magic word, its type, samples and elements (each 32 bits, little-endian), nothing, the key, and SHA-256 of all this and
 * of the elements, which follow.
 */
const magic = 'PINCHFE1';
const [keyAt, signedBytes, headerBytes] = [32, 64, 96];
const [half, single] = [1, 2];
const ending = '.features';

const widthOf = (type: number): number => (type === half ? 2 : 4);

function digest(header: Uint8Array, payload: Uint8Array): Buffer {
  return createHash('sha256').update(header.subarray(0, signedBytes)).update(payload).digest();
}

/** Stays free on the disk for checkpoints and everybody else. */
const leftFree = 2e9;

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names
    .filter((name) => name.endsWith(ending))
    .map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Removes what other encoders made until it takes no more than so many bytes. @returns the bytes it takes now. */
async function makeRoom(folder: string, most: number): Promise<number> {
  const root = dirname(folder);
  const names = (await readdir(root)).filter((name) => /^[0-9a-f]{32}$/u.test(name) && join(root, name) !== folder);
  const others = await Promise.all(
    names.map(async (name) => {
      const path = join(root, name);
      const used = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
      return { path, used, bytes: await bytesIn(path) };
    }),
  );
  let taken = others.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { path, bytes } of others.toSorted((a, b) => a.used - b.used)) {
    if (taken <= Math.max(0, most)) break;
    // A trainer that still reads them goes on doing so, or computes them again.
    const removed = await rm(path, { recursive: true, force: true }).then(
      () => true,
      () => false,
    );
    if (removed) taken -= bytes;
  }
  return taken;
}
