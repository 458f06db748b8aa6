/** External data: tensors in files beside the model. Finds them, checks them against the model's folder and the file's size, and reads them by position. */

import { closeSync, fstatSync, openSync, readSync, realpathSync, statSync, type BigIntStats } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, TensorProto_DataLocation, type TensorProto } from 'onnx-buf';
import { OnnxFileError, reasonOf } from '../../base/errors.ts';
import { isInside } from '../../base/insideFolder.ts';

/** Smaller tensors stay in the model; larger ones start at a multiple of it, so that every system can map them into memory. */
export const pageSize = 65536;

/** The place of a tensor's bytes. */
export interface ByteRange {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  /** Of the file, when the model was opened. */
  readonly version: FileVersion;
}

/**
 * What tells that a file was changed or replaced. Its inode does not: some network drives give a file another one each time, and a file with
 * the size and the time of the one before, to the nanosecond, is a copy of it.
 */
export interface FileVersion {
  /** Bytes. */
  readonly size: bigint;
  /** When it was last written, in nanoseconds. */
  readonly modified: bigint;
}

/** The file, relative to the model's folder, that a tensor with external data names. */
export function locationOf({ externalData }: TensorProto): string {
  return externalData.find(({ key }) => key === 'location')?.value ?? '';
}

/** What makes a tensor's data external: where its bytes stand. */
export function externalPlace(place: {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}): Pick<TensorProto, 'externalData' | 'dataLocation'> {
  return {
    externalData: Object.entries(place).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value: String(value) }),
    ),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
  };
}

/** The files in a model's folders that it may name, as they were when the model was opened. */
export class ExternalData {
  private readonly model: string;
  private readonly folders: readonly string[];
  /** By real path. */
  private readonly versions = new Map<string, FileVersion>();

  /** @param model an existing model file. */
  constructor(model: string) {
    this.model = model;
    // Download caches link to the model and its data from elsewhere: the real file's folder is allowed too.
    this.folders = [realpathSync(dirname(model)), dirname(realpathSync(model))];
    this.versionOf(realpathSync(model));
  }

  /**
   * The place of a tensor's bytes. Nothing is read.
   * @param size the expected number of bytes. Default: as many as the model says.
   * @throws OnnxFileError if they are outside the model's folder, missing, or do not fit.
   */
  locate(tensor: TensorProto, size?: number): ByteRange {
    const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const location = locationOf(tensor);
    const offset = this.wholeNumber(tensor, 'offset', entries.get('offset') ?? '0');
    const path = this.resolve(tensor, location);
    const version = this.versionOf(path);
    const available = Number(version.size);
    const stated = entries.get('length');
    const length = stated === undefined ? (size ?? available - offset) : this.wholeNumber(tensor, 'length', stated);
    if (size !== undefined && length !== size) {
      throw this.problem(tensor, `has ${length} bytes in ${location}, but its shape and type need ${size}`);
    }
    if (length < 0 || offset + length > available) {
      throw this.problem(
        tensor,
        `ends at byte ${offset + length} of ${location}, which has only ${available}; copy the file again`,
      );
    }
    return { path, offset, length, version };
  }

  /** As it was when it was looked at first: tensors are read again and again while the model is in use. */
  private versionOf(path: string): FileVersion {
    const known = this.versions.get(path);
    if (known) return known;
    const version = asVersion(statSync(path, { bigint: true }));
    this.versions.set(path, version);
    return version;
  }

  private resolve(tensor: TensorProto, location: string): string {
    const parts = location.split(/[/\\]/);
    if (location === '' || isAbsolute(location) || /^[A-Za-z]:/.test(location) || parts.includes('..')) {
      throw this.problem(tensor, `names "${location}" as its file, which is not a path inside the model's folder`);
    }
    const wanted = join(dirname(this.model), ...parts);
    let real: string;
    try {
      real = realpathSync(wanted);
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      const hint = missing ? 'is missing; put it beside the model' : `cannot be opened: ${reasonOf(error)}`;
      throw new OnnxFileError(this.model, `the file ${location} with the model's weights ${hint}`, error);
    }
    if (!this.folders.some((folder) => isInside(folder, real))) {
      throw this.problem(tensor, `is kept in "${location}", which leads outside the model's folder`);
    }
    if (!statSync(real).isFile()) throw this.problem(tensor, `is kept in "${location}", which is not an ordinary file`);
    return real;
  }

  private wholeNumber(tensor: TensorProto, key: string, text: string): number {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(value)) throw this.problem(tensor, `has "${text}" as its ${key} in external data`);
    return value;
  }

  private problem(tensor: TensorProto, text: string): OnnxFileError {
    return new OnnxFileError(this.model, `tensor "${tensor.name}" ${text}`);
  }
}

/** Maximum bytes of a single read: the system call reads at most 2 GB. */
const chunk = 1 << 30;

const asVersion = ({ size, mtimeNs }: BigIntStats): FileVersion => ({ size, modified: mtimeNs });

/** Opens the file of a range, for reading. @throws OnnxFileError unless it is the one that was there when the model was opened. */
export function openRange({ path, version }: ByteRange): number {
  const file = inFile(path, () => openSync(path, 'r'));
  try {
    const { size, modified } = inFile(path, () => asVersion(fstatSync(file, { bigint: true })));
    if (size !== version.size || modified !== version.modified) {
      throw new OnnxFileError(
        path,
        'the file has been changed or replaced since the model was opened, and its weights are still needed; put the former file back and go on, or start again with the new one',
      );
    }
    return file;
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** @throws OnnxFileError for what a step throws. */
export function inFile<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw new OnnxFileError(path, reasonOf(error), error);
  }
}

/** Reads a range into new memory. @throws OnnxFileError if the file is gone, or is not what it was when the model was opened. */
export function readRange(range: ByteRange): Uint8Array<ArrayBuffer> {
  const { path, offset, length } = range;
  const bytes = new Uint8Array(length);
  const file = openRange(range);
  try {
    for (let done = 0; done < length;) {
      const read = inFile(path, () => readSync(file, bytes, done, Math.min(chunk, length - done), offset + done));
      if (read === 0) throw shortened(path);
      done += read;
    }
  } finally {
    closeSync(file);
  }
  return bytes;
}

/** Of a file that loses its end while it is being read. */
export const shortened = (path: string): OnnxFileError =>
  new OnnxFileError(path, 'the file has become shorter while it was read; put the whole file back');
