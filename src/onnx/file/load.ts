/** Reads ONNX files: the decoded model with the file's whole content, and a typed view of it. */

import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataLocation,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { readAroundTensors } from './aroundTensors.ts';
import { viewModel } from './decode.ts';
import { OnnxFileError, reasonOf } from '../../base/errors.ts';
import { ExternalData, externalPlace, locationOf, readRange } from './external.ts';
import { findModel } from '../folder/findModel.ts';
import type { Model } from '../graph/graph.ts';
import { isExternal } from './storedTensor.ts';

export interface ModelFile {
  readonly path: string;
  readonly folder: string;
  /** The file's whole content, including unknown fields; of large files the tensors' places in it. `saveModel` writes this. */
  readonly proto: ModelProto;
  /** The same as a typed graph. Its tensors are views of the file's bytes, or are read on first use: do not write to them. */
  readonly model: Model;
  /** The files that its tensors are read from. */
  readonly data: ExternalData;
  /** Initializers whose data stands in another file. */
  readonly external: ReadonlySet<string>;
}

/**
 * Opens an ONNX file, or the model of a folder (see findModel).
 * @throws OnnxFileError if it is missing, truncated or not an ONNX file, or if its external data is missing, too short or outside
 *   the model's folder.
 */
export async function loadModel(path: string): Promise<ModelFile> {
  const file = await findModel(path);
  const data = openData(file);
  const proto = await readProto(file);
  bringAttributesIn(data, proto);
  return viewFile({ path: file, data }, proto);
}

/** Of larger files only what is not the content of a large tensor is read: whoever trains or writes those holds a copy of his own. */
const readWhole = 32 << 20;

async function readProto(file: string): Promise<ModelProto> {
  try {
    const around = (await stat(file)).size > readWhole ? readAroundTensors(file) : undefined;
    if (!around) return decode(file, await readFile(file));
    const proto = decode(file, around.bytes);
    for (const [index, place] of around.places) {
      const tensor = proto.graph?.initializer[index];
      if (tensor) Object.assign(tensor, externalPlace({ location: basename(file), ...place }));
    }
    return proto;
  } catch (error) {
    throw error instanceof OnnxFileError ? error : new OnnxFileError(file, reasonOf(error), error);
  }
}

function openData(file: string): ExternalData {
  try {
    return new ExternalData(file);
  } catch (error) {
    throw new OnnxFileError(file, reasonOf(error), error);
  }
}

/**
 * A ModelFile from a decoded model, which may have been changed after it was loaded.
 * @param source what it was loaded from
 * @throws OnnxFileError as loadModel.
 */
export function viewFile({ path, data }: Pick<ModelFile, 'path' | 'data'>, proto: ModelProto): ModelFile {
  const { graph } = proto;
  if (!graph || proto.opsetImport.length === 0) throw new OnnxFileError(path, 'this is not an ONNX model');
  const locate = (tensor: TensorProto, size: number) => data.locate(tensor, size);
  try {
    const model = viewModel(proto, graph, locate);
    const external = graph.initializer.filter((tensor) => isExternal(tensor) && locationOf(tensor) !== basename(path));
    return { path, folder: dirname(path), proto, model, data, external: new Set(external.map(({ name }) => name)) };
  } catch (error) {
    throw error instanceof OnnxFileError ? error : new OnnxFileError(path, reasonOf(error), error);
  }
}

/**
 * Tensors of attributes may have external data too. They are small, and are copied into the decoded model, so that only initializers stay
 * external.
 */
function bringAttributesIn(data: ExternalData, proto: ModelProto): void {
  const bringIn = (tensor: TensorProto) => {
    if (!isExternal(tensor)) return;
    tensor.rawData = readRange(data.locate(tensor));
    tensor.externalData = [];
    tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
  };
  const visit = (nodes: readonly NodeProto[]) => {
    for (const { t, tensors, g, graphs } of nodes.flatMap((node) => node.attribute)) {
      for (const tensor of t ? [t, ...tensors] : tensors) bringIn(tensor);
      for (const graph of g ? [g, ...graphs] : graphs) {
        graph.initializer.forEach(bringIn);
        visit(graph.node);
      }
    }
  };
  visit(proto.graph?.node ?? []);
  for (const { node } of proto.functions) visit(node);
}

function decode(path: string, bytes: Uint8Array): ModelProto {
  if (bytes.byteLength === 0) throw new OnnxFileError(path, 'the file is empty');
  if (
    Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 40))
      .toString('latin1')
      .startsWith('version https://git-lfs')
  ) {
    throw new OnnxFileError(
      path,
      'this is only a Git LFS pointer to the model; fetch the model itself with "git lfs pull"',
    );
  }
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new OnnxFileError(
      path,
      'this is not an ONNX file, or it is cut short or damaged; copy or export it again',
      error,
    );
  }
}
