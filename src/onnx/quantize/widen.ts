/** Converts a model of 16-bit floats to the float32 model that it represents, for training. */

import {
  AttributeProto_AttributeType as Kind,
  type AttributeProto,
  type GraphProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { elementsOf } from '../graph/elements.ts';
import { tensorProto } from '../file/encode.ts';
import type { ExternalData } from '../file/external.ts';
import { viewFile, type ModelFile } from '../file/load.ts';
import { withFields } from '../file/protoCopy.ts';
import { storedTensor } from '../file/storedTensor.ts';
import { float32 } from '../graph/tensor.ts';

export interface Widened {
  /** The same model, if it has no 16-bit floats. */
  readonly file: ModelFile;
  /** Initializers converted to float32. */
  readonly widened: ReadonlySet<string>;
}

/** ONNX's numbers of float32, float16 and bfloat16 (onnx.proto, TensorProto.DataType). */
const float = 1;
const halves: ReadonlySet<number> = new Set([10, 16]);

/**
 * Converts every stored tensor, input, output and conversion of 16-bit floats to float32, which holds their numbers exactly, including those in the
 * bodies of loops and branches. Casts without effect remain; specialization removes them.
 * @throws OnnxFileError if a tensor cannot be read.
 */
export function widenModel(file: ModelFile): Widened {
  const { graph } = file.proto;
  const widened = new Set(graph?.initializer.filter(isHalf).map(({ name }) => name));
  if (!graph || !(widened.size > 0 || [...graph.input, ...graph.output].some(hasHalves))) return { file, widened };
  return { file: viewFile(file, withFields(file.proto, { graph: widenGraph(graph, file.data) })), widened };
}

const isHalf = ({ dataType }: TensorProto): boolean => halves.has(dataType);

function hasHalves({ type }: ValueInfoProto): boolean {
  return type?.value.case === 'tensorType' && halves.has(type.value.value.elemType);
}

function widenGraph(graph: GraphProto, data: ExternalData): GraphProto {
  return withFields(graph, {
    initializer: graph.initializer.map((tensor) => widenTensor(tensor, data)),
    input: graph.input.map(widenValue),
    output: graph.output.map(widenValue),
    // Type hints for values that have other types now.
    valueInfo: [],
    node: graph.node.map((node) =>
      withFields(node, { attribute: node.attribute.map((attribute) => widenAttribute(attribute, data)) }),
    ),
  });
}

function widenTensor(proto: TensorProto, data: ExternalData): TensorProto {
  if (!isHalf(proto)) return proto;
  const tensor = storedTensor(proto, (stored, size) => data.locate(stored, size));
  return tensor ? tensorProto(proto.name, float32(Float32Array.from(elementsOf(tensor)), tensor.dims)) : proto;
}

function widenValue(info: ValueInfoProto): ValueInfoProto {
  if (!hasHalves(info) || info.type?.value.case !== 'tensorType') return info;
  const value = withFields(info.type.value.value, { elemType: float });
  return withFields(info, { type: withFields(info.type, { value: { case: 'tensorType', value } }) });
}

/** Cast's `to`, and the `dtype` of operators that make tensors. */
const typeAttributes: ReadonlySet<string> = new Set(['to', 'dtype']);

function widenAttribute(attribute: AttributeProto, data: ExternalData): AttributeProto {
  switch (attribute.type) {
    case Kind.INT:
      return typeAttributes.has(attribute.name) && halves.has(Number(attribute.i))
        ? withFields(attribute, { i: BigInt(float) })
        : attribute;
    case Kind.TENSOR:
      return attribute.t ? withFields(attribute, { t: widenTensor(attribute.t, data) }) : attribute;
    case Kind.GRAPH:
      return attribute.g ? withFields(attribute, { g: widenGraph(attribute.g, data) }) : attribute;
    default:
      return attribute;
  }
}
