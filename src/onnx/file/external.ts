/** External data: tensors in files beside the model. Finds them, checks them against the model's folder and the file's size, and reads them by position. */

import { closeSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
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

/** The folders whose files a model may name. */
export class ExternalData {
  private readonly model: string;
  private readonly folders: readonly string[];

  /** @param model an existing model file. */
  constructor(model: string) {
    this.model = model;
    // Download caches link to the model and its data from elsewhere: the real file's folder is allowed too.
    this.folders = [realpathSync(dirname(model)), dirname(realpathSync(model))];
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
    const available = statSync(path).size;
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
    return { path, offset, length };
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

/** Reads a range into new memory. @throws OnnxFileError if the file is gone or has become shorter. */
export function readRange({ path, offset, length }: ByteRange): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  try {
    const file = openSync(path, 'r');
    try {
      for (let done = 0; done < length;) {
        const read = readSync(file, bytes, done, Math.min(chunk, length - done), offset + done);
        if (read === 0) throw new Error('the file has become shorter since it was opened');
        done += read;
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new OnnxFileError(path, reasonOf(error), error);
  }
  return bytes;
}
