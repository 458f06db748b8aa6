/** Writes a loaded model with some tensors replaced: as one file, or with the large tensors in a second file. */

import { basename } from 'node:path';
import { realpath, rm } from 'node:fs/promises';
import { type ModelProto, type TensorProto, type ValueInfoProto } from 'onnx-buf';
import { writePending, type PendingFile } from '../../base/atomicFile.ts';
import { dataTypeNumber } from './dataTypes.ts';
import { OnnxFileError, reasonOf } from '../../base/errors.ts';
import { externalPlace, pageSize, readRange } from './external.ts';
import type { ModelFile } from './load.ts';
import { withFields, withoutFields } from './protoCopy.ts';
import { isExternal } from './storedTensor.ts';
import { toBytes, type Tensor } from '../graph/tensor.ts';
import { byteLength, encodePieces, largestMessage } from './wire.ts';

export interface SaveOptions {
  /** New contents of initializers, by name: of the same element type, and of any shape. */
  readonly replacements?: ReadonlyMap<string, Tensor>;
  /**
   * Tensors of at least this many bytes go to `NAME.onnx.data`. Default: none, unless the model was loaded with external data or is larger than
   * 1.5 GB; then those from 64 kB.
   */
  readonly externalThreshold?: number;
  /** One file wherever the format allows it, also for a model that was loaded with external data. */
  readonly oneFile?: boolean;
  /** What the name of the file with large tensors ends with: `.data` by default. */
  readonly dataSuffix?: string;
}

/** Well below protobuf's 2 GB, which leaves space for the rest of the file. */
const largestSingleFile = 1.5e9;

/**
 * Writes the model to `path` and, with external tensors, to `path.data`. Everything that is not replaced is written as it was read. Each file
 * appears complete or not at all. While a pair is replaced there may be no model for a moment, but never one with the wrong data.
 * @throws OnnxFileError if the disk fails, or if the external data to overwrite is still being read from.
 */
export async function saveModel(file: ModelFile, path: string, options: SaveOptions = {}): Promise<void> {
  const proto = replaceTensors(file, options.replacements ?? new Map());
  const threshold = options.externalThreshold ?? defaultThreshold(file, proto, options.oneFile);
  const dataPath = `${path}${options.dataSuffix ?? '.data'}`;
  const split = splitTensors(file, proto, threshold, basename(dataPath));
  const pieces = encodePieces(split.proto);
  if (byteLength(pieces) > largestMessage) {
    throw new OnnxFileError(
      path,
      'the model would be larger than 2 GB, which no ONNX file may be; save its tensors apart',
    );
  }
  const pending: PendingFile[] = [];
  try {
    if (split.data.length > 0) {
      await refuseOwnData(file, dataPath);
      pending.push(await writePending(dataPath, padded(split.data)));
    }
    pending.push(await writePending(path, pieces));
    if (split.data.length > 0) await rm(path, { force: true });
    for (const part of pending) await part.commit();
  } catch (error) {
    for (const part of pending) await part.discard();
    if (error instanceof OnnxFileError) throw error;
    throw new OnnxFileError(path, `the model could not be written: ${reasonOf(error)}`, error);
  }
}

function replaceTensors(file: ModelFile, replacements: ReadonlyMap<string, Tensor>): ModelProto {
  const { graph } = file.proto;
  if (!graph || replacements.size === 0) return file.proto;
  const left = new Set(replacements.keys());
  const initializer = graph.initializer.map((stored) => {
    const tensor = replacements.get(stored.name);
    if (!tensor) return stored;
    left.delete(stored.name);
    if (dataTypeNumber(tensor.type) !== stored.dataType) {
      throw new Error(`initializer "${stored.name}" cannot be replaced by one of type ${tensor.type}`);
    }
    return withContent(stored, tensor.dims, toBytes(tensor.data) as Uint8Array<ArrayBuffer>);
  });
  const [unknown] = left;
  if (unknown !== undefined) throw new Error(`the model has no initializer "${unknown}" to replace`);
  const reshaped = new Set(
    initializer.filter((tensor, i) => tensor.dims.join() !== graph.initializer[i]?.dims.join()).map(({ name }) => name),
  );
  if (reshaped.size === 0) return withFields(file.proto, { graph: withFields(graph, { initializer }) });
  // With new shapes, the stored shapes of values between nodes may be wrong. They are optional hints.
  const input = graph.input.map((info) => (reshaped.has(info.name) ? withoutShape(info) : info));
  return withFields(file.proto, { graph: withFields(graph, { initializer, input, valueInfo: [] }) });
}

/** An initializer that is also a graph input, without its old shape. */
function withoutShape(info: ValueInfoProto): ValueInfoProto {
  if (info.type?.value.case !== 'tensorType') return info;
  const value = withoutFields(info.type.value.value, ['shape']);
  return withFields(info, { type: withFields(info.type, { value: { case: 'tensorType', value } }) });
}

function defaultThreshold(file: ModelFile, proto: ModelProto, oneFile = false): number {
  const source = file.data;
  const bytes = (tensor: TensorProto): number =>
    isExternal(tensor) ? source.locate(tensor).length : tensor.rawData.byteLength;
  const total = proto.graph?.initializer.reduce((sum, tensor) => sum + bytes(tensor), 0) ?? 0;
  return total > largestSingleFile || (file.external.size > 0 && !oneFile) ? pageSize : Infinity;
}

/** A tensor of the data file: its start, and its bytes, which are read only when they are written. */
interface Placed {
  readonly offset: number;
  readonly bytes: () => Uint8Array<ArrayBuffer>;
}

/** The model without its large tensors, and those tensors in the order of writing. */
function splitTensors(file: ModelFile, proto: ModelProto, threshold: number, location: string) {
  const source = file.data;
  const data: Placed[] = [];
  let end = 0;
  const split = (stored: TensorProto): TensorProto => {
    const range = isExternal(stored) ? source.locate(stored) : undefined;
    const length = range ? range.length : stored.rawData.byteLength;
    const bytes = range ? () => readRange(range) : () => stored.rawData;
    // Elements stored number by number have no bytes in one piece; they stay where they are.
    if (length > 0 && length >= threshold) {
      const offset = Math.ceil(end / pageSize) * pageSize;
      end = offset + length;
      data.push({ offset, bytes });
      return withFields(emptied(stored), externalPlace({ location, offset, length }));
    }
    return range ? withContent(stored, stored.dims, bytes()) : stored;
  };
  const { graph } = proto;
  const initializer = graph?.initializer.map(split) ?? [];
  return { proto: graph ? withFields(proto, { graph: withFields(graph, { initializer }) }) : proto, data };
}

function* padded(data: readonly Placed[]): Generator<Uint8Array> {
  let end = 0;
  for (const { offset, bytes } of data) {
    if (offset > end) yield new Uint8Array(offset - end);
    const content = bytes();
    yield content;
    end = offset + content.byteLength;
  }
}

/**
 * Tensors are read from external data on first use, so that file may not change under a loaded model.
 * @throws OnnxFileError if the model reads tensors from `dataPath`.
 */
export async function refuseOwnData(file: ModelFile, dataPath: string): Promise<void> {
  const target = await realpath(dataPath).catch(() => undefined);
  if (target === undefined) return;
  const source = file.data;
  const own = file.proto.graph?.initializer.some(
    (tensor) => isExternal(tensor) && source.locate(tensor).path === target,
  );
  if (own) throw new OnnxFileError(dataPath, 'the model is still being read from this file; save it somewhere else');
}

const storageFields = [
  'floatData',
  'int32Data',
  'int64Data',
  'doubleData',
  'uint64Data',
  'stringData',
  'externalData',
] as const;

/** The tensor without its stored elements. */
function emptied(stored: TensorProto): TensorProto {
  const nothing = Object.fromEntries(storageFields.map((name) => [name, []]));
  return withFields(withoutFields(stored, ['rawData', 'dataLocation', 'segment']), nothing);
}

function withContent(
  stored: TensorProto,
  dims: readonly (number | bigint)[],
  rawData: Uint8Array<ArrayBuffer>,
): TensorProto {
  return withFields(emptied(stored), { dims: dims.map(BigInt), rawData });
}
