/** Encodes a typed graph as the bytes of an ONNX file. */

import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as Kind,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { dataTypeNumber } from './dataTypes.ts';
import type { Attribute, Graph, Model, Node, ValueInfo } from '../graph/graph.ts';
import { toBytes, type Tensor } from '../graph/tensor.ts';
import { byteLength, encodePieces, largestMessage } from './wire.ts';

/** The file format's version of opsets 18 to 21; every onnxruntime of recent years reads it. */
const irVersion = 10n;

/**
 * The bytes of an ONNX file, ready for onnxruntime.
 * @throws RangeError above protobuf's limit of 2 GB.
 */
export function encodeModel(model: Model): Uint8Array {
  const pieces = encodePieces(modelProto(model));
  const size = byteLength(pieces);
  if (size > largestMessage) {
    throw new RangeError(
      `graph "${model.graph.name}" takes ${size} bytes, but an ONNX file may have ${largestMessage}`,
    );
  }
  return Buffer.concat(pieces, size);
}

/** The whole file. */
export function modelProto(model: Model): ModelProto {
  return create(ModelProtoSchema, {
    irVersion,
    producerName: 'pinch',
    opsetImport: Array.from(model.opsets, ([domain, version]) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
    ),
    graph: graphProto(model.graph),
  });
}

/** A tensor of the file, with its elements as raw data: a view of the same memory. */
export function tensorProto(name: string, tensor: Tensor): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: tensor.dims.map(BigInt),
    dataType: dataTypeNumber(tensor.type),
    rawData: toBytes(tensor.data) as Uint8Array<ArrayBuffer>,
  });
}

function graphProto(graph: Graph): GraphProto {
  return create(GraphProtoSchema, {
    name: graph.name,
    node: graph.nodes.map(nodeProto),
    input: graph.inputs.map(valueInfoProto),
    output: graph.outputs.map(valueInfoProto),
    initializer: Array.from(graph.initializers, ([name, tensor]) => tensorProto(name, tensor)),
  });
}

/** A node of the file. */
export function nodeProto(node: Node): NodeProto {
  return create(NodeProtoSchema, {
    opType: node.opType,
    domain: node.domain,
    name: node.name,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes).map(([name, attribute]) => attributeProto(name, attribute)),
    metadataProps: Object.entries(node.metadata ?? {}).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    ),
  });
}

/** An input of the file: float32, of a rank, its axes of any size. */
export function encodeInput(name: string, rank: number): ValueInfoProto {
  return valueInfoProto({ name, type: 'float32', dims: Array.from({ length: rank }, (_, axis) => `${name}/${axis}`) });
}

function attributeProto(name: string, attribute: Attribute): AttributeProto {
  switch (attribute.type) {
    case 'int':
      return create(AttributeProtoSchema, { name, type: Kind.INT, i: toInt64(attribute.value) });
    case 'ints':
      return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: attribute.value.map(toInt64) });
    case 'float':
      return create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: attribute.value });
    case 'floats':
      return create(AttributeProtoSchema, { name, type: Kind.FLOATS, floats: [...attribute.value] });
    case 'string':
      return create(AttributeProtoSchema, { name, type: Kind.STRING, s: utf8(attribute.value) });
    case 'strings':
      return create(AttributeProtoSchema, { name, type: Kind.STRINGS, strings: attribute.value.map(utf8) });
    case 'tensor':
      return create(AttributeProtoSchema, { name, type: Kind.TENSOR, t: tensorProto('', attribute.value) });
    case 'graph':
      return create(AttributeProtoSchema, { name, type: Kind.GRAPH, g: graphProto(attribute.value) });
  }
}

/** A graph input or output of the file. */
export function valueInfoProto(info: ValueInfo): ValueInfoProto {
  const shape = info.dims && {
    dim: info.dims.map((dim) => {
      if (typeof dim === 'number') return { value: { case: 'dimValue' as const, value: BigInt(dim) } };
      return typeof dim === 'string' ? { value: { case: 'dimParam' as const, value: dim } } : {};
    }),
  };
  const tensor = {
    case: 'tensorType' as const,
    value: { elemType: dataTypeNumber(info.type), ...(shape ? { shape } : {}) },
  };
  return create(ValueInfoProtoSchema, {
    name: info.name,
    type: { value: info.sequence ? { case: 'sequenceType', value: { elemType: { value: tensor } } } : tensor },
  });
}

/** "To the end" is the largest integer, which a JavaScript number cannot hold exactly: it is clipped to the range. */
function toInt64(value: number): bigint {
  const most = 2n ** 63n;
  const exact = BigInt(value);
  return exact >= most ? most - 1n : exact < -most ? -most : exact;
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
