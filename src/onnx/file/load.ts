/** Reads ONNX files: the decoded model with the file's whole content, and a typed view of it. */

import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataLocation,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from 'onnx-buf';
import { viewModel } from './decode.ts';
import { OnnxFileError, reasonOf } from '../../base/errors.ts';
import { ExternalData, readRange } from './external.ts';
import { findModel } from '../folder/findModel.ts';
import type { Model } from '../graph/graph.ts';
import { isExternal } from './storedTensor.ts';

export interface ModelFile {
  readonly path: string;
  readonly folder: string;
  /** The file's whole content, including unknown fields. `saveModel` writes this. */
  readonly proto: ModelProto;
  /** The same as a typed graph. Its tensors are views of the file's bytes, or are read on first use: do not write to them. */
  readonly model: Model;
  /** Initializers with external data. */
  readonly external: ReadonlySet<string>;
}

/**
 * Opens an ONNX file, or the model of a folder (see findModel).
 * @throws OnnxFileError if it is missing, truncated or not an ONNX file, or if its external data is missing, too short or outside
 *   the model's folder.
 */
export async function loadModel(path: string): Promise<ModelFile> {
  const file = await findModel(path);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new OnnxFileError(file, reasonOf(error), error);
  }
  const proto = decode(file, bytes);
  bringAttributesIn(file, proto);
  return viewFile(file, proto);
}

/** A ModelFile from a decoded model, which may have been changed after it was loaded. @throws OnnxFileError as loadModel. */
export function viewFile(path: string, proto: ModelProto): ModelFile {
  const { graph } = proto;
  if (!graph || proto.opsetImport.length === 0) throw new OnnxFileError(path, 'this is not an ONNX model');
  const data = new ExternalData(path);
  const locate = (tensor: TensorProto, size: number) => data.locate(tensor, size);
  try {
    const model = viewModel(proto, graph, locate);
    const external = new Set(graph.initializer.filter(isExternal).map(({ name }) => name));
    return { path, folder: dirname(path), proto, model, external };
  } catch (error) {
    throw error instanceof OnnxFileError ? error : new OnnxFileError(path, reasonOf(error), error);
  }
}

/**
 * Tensors of attributes may have external data too. They are small, and are copied into the decoded model, so that only initializers stay
 * external.
 */
function bringAttributesIn(path: string, proto: ModelProto): void {
  const data = new ExternalData(path);
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
