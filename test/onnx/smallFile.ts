/** Small ONNX files for tests, written node by node. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, StringStringEntryProtoSchema, type ModelProto } from 'onnx-buf';
import { afterAll } from 'vitest';
import { encodeModel } from '../../src/onnx/file/encode.ts';
import type { Attributes, Graph, Node } from '../../src/onnx/graph/graph.ts';
import { loadModel, type ModelFile } from '../../src/onnx/file/load.ts';
import type { Tensor } from '../../src/onnx/graph/tensor.ts';

/** A folder that is removed after the file's tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pinch-onnx-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface NodeParts {
  readonly name?: string;
  /** The modules the dynamo exporter writes down: `encoder.layers.0.q_proj`. */
  readonly module?: string;
  readonly attributes?: Attributes;
}

export function node(opType: string, inputs: string[], outputs: string[], parts: NodeParts = {}): Node {
  const { name = '', module, attributes = {} } = parts;
  const modules = module?.split('.').map((_, i, all) => `'${all.slice(0, i + 1).join('.')}'`) ?? [];
  const scopes = `[${['', ...modules].map((path) => path || "''").join(', ')}, 'call']`;
  const metadata = module === undefined ? {} : { metadata: { 'pkg.torch.onnx.name_scopes': scopes } };
  return { opType, domain: '', name, inputs, outputs, attributes, ...metadata };
}

export interface GraphParts {
  readonly nodes: readonly Node[];
  readonly initializers?: Readonly<Record<string, Tensor>>;
  readonly inputs?: Graph['inputs'];
  readonly outputs?: Graph['outputs'];
  /** PyTorch's list of what the stored tensors are: name to PARAMETER or BUFFER. */
  readonly signature?: Readonly<Record<string, string>>;
}

/** A model with the float input `x` and output `y`, of any shape, unless `parts` says otherwise. */
export function smallModel(parts: GraphParts): ModelProto {
  const graph: Graph = {
    name: 'small',
    nodes: parts.nodes,
    inputs: parts.inputs ?? [{ name: 'x', type: 'float32', dims: undefined }],
    outputs: parts.outputs ?? [{ name: 'y', type: 'float32', dims: undefined }],
    initializers: new Map(Object.entries(parts.initializers ?? {})),
  };
  const proto = fromBinary(ModelProtoSchema, encodeModel({ graph, opsets: new Map([['', 18]]) }));
  if (parts.signature) {
    const lines = Object.entries(parts.signature).map(([name, kind], i) => `p_${i}: ${kind} target='${name}'`);
    const key = 'pkg.torch.export.ExportedProgram.graph_signature';
    proto.graph!.metadataProps.push(
      create(StringStringEntryProtoSchema, { key, value: ['', '# inputs', ...lines].join('\n') }),
    );
  }
  return proto;
}

export function writeModel(path: string, proto: ModelProto): string {
  writeFileSync(path, toBinary(ModelProtoSchema, proto));
  return path;
}

let count = 0;

/** Writes the model to the folder and opens it as a user's file. */
export async function openModel(folder: string, proto: ModelProto): Promise<ModelFile> {
  return loadModel(writeModel(join(folder, `model-${++count}.onnx`), proto));
}

/** Different numbers for every seed, none of them zero. */
export function values(length: number, seed: number): Float32Array {
  return Float32Array.from(
    { length },
    (_, i) => Math.sin(1 + i + 100 * seed) + 2 * Math.sign(Math.sin(1 + i + 100 * seed)),
  );
}
