/** Writes a new model whose weights come one by one, so that no more than two of them are in memory. */

import { basename } from 'node:path';
import { rm } from 'node:fs/promises';
import { create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, TensorProtoSchema, type ModelProto, type TensorProto } from 'onnx-buf';
import { writePending, type PendingFile } from '../../base/atomicFile.ts';
import { OnnxFileError, reasonOf } from '../../base/errors.ts';
import { sizeOf, toBytes } from '../graph/tensor.ts';
import type { Model } from '../graph/graph.ts';
import { dataTypeNumber } from './dataTypes.ts';
import { modelProto } from './encode.ts';
import { withFields } from './protoCopy.ts';
import { externalPlace, pageSize } from './external.ts';
import { encodePieces } from './wire.ts';

/** A float32 initializer that is read when it is written. */
export interface StreamedWeight {
  readonly name: string;
  readonly dims: readonly number[];
  /** As many numbers as the shape has. */
  readonly read: () => Promise<Float32Array>;
}

/**
 * Writes the graph to `path` and its weights to `path.data`, but for those below 64 kB, which stand in the graph's own file. The graph
 * comes last: where it is, the model is whole.
 * @param model with its other initializers
 * @param onWeight after each weight, how many are written
 * @param metadata of the file, beside the graph
 * @throws OnnxFileError if the disk does not take it; what reading a weight throws.
 */
export async function writeModel(
  path: string,
  model: Model,
  weights: readonly StreamedWeight[],
  onWeight: (done: number) => void = () => undefined,
  metadata: readonly (readonly [key: string, value: string])[] = [],
): Promise<void> {
  const dataPath = `${path}.data`;
  const stored: TensorProto[] = [];
  const reading: { failed?: unknown } = {};
  async function* data(): AsyncGenerator<Uint8Array> {
    let end = 0;
    // One is read while the one before is written.
    let next = begun(weights[0]);
    for (const [i, { name, dims }] of weights.entries()) {
      const elements = await next.catch((error: unknown) => {
        reading.failed = error;
        throw error;
      });
      next = begun(weights[i + 1]);
      const bytes = toBytes(elements as Float32Array<ArrayBuffer>) as Uint8Array<ArrayBuffer>;
      const length = sizeOf(dims) * Float32Array.BYTES_PER_ELEMENT;
      if (bytes.byteLength !== length) throw new Error(`weight "${name}" has ${bytes.byteLength} bytes, not ${length}`);
      if (length < pageSize) stored.push(weightProto(name, dims, { rawData: bytes }));
      else {
        const offset = Math.ceil(end / pageSize) * pageSize;
        if (offset > end) yield new Uint8Array(offset - end);
        yield bytes;
        end = offset + length;
        stored.push(weightProto(name, dims, externalPlace({ location: basename(dataPath), offset, length })));
      }
      onWeight(i + 1);
    }
  }
  const pending: PendingFile[] = [];
  try {
    pending.push(await writePending(dataPath, data()));
    pending.push(await writePending(path, encodePieces(withMetadata(withWeights(modelProto(model), stored), metadata))));
    await rm(path, { force: true });
    for (const part of pending) await part.commit();
  } catch (error) {
    for (const part of pending) await part.discard();
    if (reading.failed !== undefined) throw error;
    throw new OnnxFileError(path, `the model could not be written: ${reasonOf(error)}`, error);
  }
}

/** Reading that has begun. Whether it failed is looked at when its turn comes, if it does. */
function begun(weight: StreamedWeight | undefined): Promise<Float32Array> {
  const elements = weight?.read() ?? Promise.resolve(new Float32Array(0));
  elements.catch(() => undefined);
  return elements;
}

function withWeights(proto: ModelProto, weights: readonly TensorProto[]): ModelProto {
  const { graph } = proto;
  return graph
    ? withFields(proto, { graph: withFields(graph, { initializer: [...weights, ...graph.initializer] }) })
    : proto;
}

function withMetadata(proto: ModelProto, metadata: readonly (readonly [string, string])[]): ModelProto {
  const added = metadata.map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
  return withFields(proto, { metadataProps: [...proto.metadataProps, ...added] });
}

function weightProto(name: string, dims: readonly number[], content: Partial<TensorProto>): TensorProto {
  const { rawData, externalData, dataLocation } = content;
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: dataTypeNumber('float32'),
    ...(rawData ? { rawData } : {}),
    ...(externalData ? { externalData } : {}),
    ...(dataLocation === undefined ? {} : { dataLocation }),
  });
}
