/** The typed view of a decoded ONNX model. Content that the view cannot hold is left out here and stays in the decoded model. */

import {
  AttributeProto_AttributeType as Kind,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { dataTypeOf } from './dataTypes.ts';
import type { Attribute, Dimension, Graph, Model, Node, ValueInfo } from '../graph/graph.ts';
import { storedTensor, type Locate } from './storedTensor.ts';
import { float32, int64, type Tensor } from '../graph/tensor.ts';

/**
 * A model as a typed graph over the same memory. A Constant node always carries its elements as the tensor `value`; inputs that
 * are also initializers (older exporters wrote them) become initializers only; the domain `ai.onnx` becomes the empty one.
 * @throws Error with a sentence about the invalid tensor or value.
 */
export function viewModel(model: ModelProto, graph: GraphProto, locate: Locate): Model {
  const view = graphView(graph, locate);
  if ('untyped' in view) {
    throw new Error(
      `"${view.untyped}" of the graph's inputs and outputs is not a tensor of numbers, which Pinch cannot handle`,
    );
  }
  const opsets = new Map(model.opsetImport.map(({ domain, version }) => [plainDomain(domain), Number(version)]));
  return { graph: view, opsets };
}

function graphView(graph: GraphProto, locate: Locate): Graph | { untyped: string } {
  const initializers = new Map<string, Tensor>();
  for (const proto of graph.initializer) {
    const tensor = storedTensor(proto, locate);
    if (tensor) initializers.set(proto.name, tensor);
  }
  const given = new Set(graph.initializer.map(({ name }) => name));
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  for (const [protos, infos] of [
    [graph.input.filter(({ name }) => !given.has(name)), inputs] as const,
    [graph.output, outputs] as const,
  ]) {
    for (const proto of protos) {
      const info = valueInfo(proto);
      if (!info) return { untyped: proto.name };
      infos.push(info);
    }
  }
  return { name: graph.name, nodes: graph.node.map((node) => nodeView(node, locate)), inputs, outputs, initializers };
}

function valueInfo(info: ValueInfoProto): ValueInfo | undefined {
  if (info.type?.value.case !== 'tensorType') return undefined;
  const { elemType, shape } = info.type.value.value;
  const type = dataTypeOf(elemType);
  if (type === undefined) return undefined;
  const dims = shape?.dim.map(({ value }): Dimension => {
    if (value.case === 'dimValue') return Number(value.value);
    return value.case === 'dimParam' && value.value !== '' ? value.value : undefined;
  });
  return { name: info.name, type, dims };
}

function nodeView(node: NodeProto, locate: Locate): Node {
  const attributes: Record<string, Attribute> = {};
  for (const proto of node.attribute) {
    const attribute = attributeView(proto, locate);
    if (attribute) attributes[proto.name] = attribute;
  }
  return {
    opType: node.opType,
    domain: plainDomain(node.domain),
    name: node.name,
    inputs: node.input,
    outputs: node.output,
    attributes: node.opType === 'Constant' && plainDomain(node.domain) === '' ? constantValue(attributes) : attributes,
    ...(node.metadataProps.length > 0
      ? { metadata: Object.fromEntries(node.metadataProps.map(({ key, value }) => [key, value])) }
      : {}),
  };
}

function attributeView(proto: AttributeProto, locate: Locate): Attribute | undefined {
  switch (proto.type) {
    case Kind.INT:
      return { type: 'int', value: Number(proto.i) };
    case Kind.INTS:
      return { type: 'ints', value: proto.ints.map(Number) };
    case Kind.FLOAT:
      return { type: 'float', value: proto.f };
    case Kind.FLOATS:
      return { type: 'floats', value: proto.floats };
    case Kind.STRING:
      return { type: 'string', value: text(proto.s) };
    case Kind.STRINGS:
      return { type: 'strings', value: proto.strings.map(text) };
    case Kind.TENSOR: {
      const value = proto.t && storedTensor(proto.t, locate);
      return value && { type: 'tensor', value };
    }
    case Kind.GRAPH: {
      const value = proto.g && graphView(proto.g, locate);
      return value && !('untyped' in value) ? { type: 'graph', value } : undefined;
    }
    case Kind.UNDEFINED:
    case Kind.SPARSE_TENSOR:
    case Kind.TYPE_PROTO:
    case Kind.TENSORS:
    case Kind.GRAPHS:
    case Kind.SPARSE_TENSORS:
    case Kind.TYPE_PROTOS:
      return undefined;
  }
}

/** The four numeric forms of a Constant node, as one (ONNX operators, Constant). */
function constantValue(attributes: Readonly<Record<string, Attribute>>): Readonly<Record<string, Attribute>> {
  const { value_int, value_ints, value_float, value_floats } = attributes;
  const value =
    value_int?.type === 'int'
      ? int64([value_int.value], [])
      : value_ints?.type === 'ints'
        ? int64(value_ints.value)
        : value_float?.type === 'float'
          ? float32([value_float.value], [])
          : value_floats?.type === 'floats'
            ? float32(value_floats.value)
            : undefined;
  return value ? { value: { type: 'tensor', value } } : attributes;
}

function plainDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
