/** Writes a new model whose weights come one by one and piece by piece, so that no more than two pieces of them are in memory. */

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
  /** As many numbers as the shape has, in order. */
  readonly pieces: () => AsyncIterable<Float32Array>;
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
    // A piece is read while the one before is written.
    let next = new ReadAhead(weights[0]);
    for (const [i, weight] of weights.entries()) {
      const { name, dims } = weight;
      const pieces = next;
      await pieces.begun().catch((error: unknown) => {
        reading.failed = error;
        throw error;
      });
      next = new ReadAhead(weights[i + 1]);
      const length = sizeOf(dims) * Float32Array.BYTES_PER_ELEMENT;
      const isSmall = length < pageSize;
      const offset = Math.ceil(end / pageSize) * pageSize;
      if (!isSmall && offset > end) yield new Uint8Array(offset - end);
      const small: Uint8Array[] = [];
      let done = 0;
      for await (const bytes of pieces.rest(reading)) {
        done += bytes.byteLength;
        if (isSmall) small.push(bytes);
        else yield bytes;
      }
      if (done !== length) throw new Error(`weight "${name}" has ${done} bytes, not ${length}`);
      if (isSmall) stored.push(weightProto(name, dims, { rawData: Uint8Array.from(Buffer.concat(small)) }));
      else {
        end = offset + length;
        stored.push(weightProto(name, dims, externalPlace({ location: basename(dataPath), offset, length })));
      }
      onWeight(i + 1);
    }
  }
  const pending: PendingFile[] = [];
  try {
    pending.push(await writePending(dataPath, data()));
    pending.push(
      await writePending(path, encodePieces(withMetadata(withWeights(modelProto(model), stored), metadata))),
    );
    await rm(path, { force: true });
    for (const part of pending) await part.commit();
  } catch (error) {
    for (const part of pending) await part.discard();
    if (reading.failed !== undefined) throw error;
    throw new OnnxFileError(path, `the model could not be written: ${reasonOf(error)}`, error);
  }
}

/** The pieces of a weight, of which one is always being read. Whether that failed is looked at when its turn comes, if it does. */
class ReadAhead {
  private readonly pieces: AsyncIterator<Float32Array> | undefined;
  private next: Promise<IteratorResult<Float32Array, unknown>>;

  constructor(weight: StreamedWeight | undefined) {
    this.pieces = weight?.pieces()[Symbol.asyncIterator]();
    this.next = this.read();
  }

  /** Waits for the first piece. @throws what reading it throws. */
  async begun(): Promise<void> {
    await this.next;
  }

  /** @param reading told what reading throws */
  async *rest(reading: { failed?: unknown }): AsyncGenerator<Uint8Array> {
    for (;;) {
      const result = await this.next.catch((error: unknown) => {
        reading.failed = error;
        throw error;
      });
      if (result.done === true) return;
      this.next = this.read();
      yield toBytes(result.value as Float32Array<ArrayBuffer>);
    }
  }

  private read(): Promise<IteratorResult<Float32Array, unknown>> {
    const result = this.pieces?.next() ?? Promise.resolve({ done: true, value: undefined });
    result.catch(() => undefined);
    return result;
  }
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
