/** Encodes a model as protobuf bytes in pieces, so that large tensors are written without a copy. */

import { toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { GraphProtoSchema, ModelProtoSchema, TensorProtoSchema, type ModelProto, type TensorProto } from 'onnx-buf';
import { withFields } from './protoCopy.ts';

/** Protobuf cannot express a longer message. */
export const largestMessage = 2 ** 31 - 1;

/** The model's bytes; together they equal the output of protobuf's own encoder. Tensors' raw data are views, not copies. */
export function encodePieces(model: ModelProto): Uint8Array[] {
  const { graph } = model;
  if (!graph) return [toBinary(ModelProtoSchema, model)];
  const initializers = graph.initializer.flatMap((tensor) =>
    field(GraphProtoSchema, 'initializer', tensorPieces(tensor)),
  );
  const graphPieces = around(GraphProtoSchema, graph, 'initializer', initializers);
  return around(ModelProtoSchema, model, 'graph', field(ModelProtoSchema, 'graph', graphPieces));
}

/** The total number of bytes in all pieces. */
export function byteLength(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
}

/** Smaller tensors are encoded at once: a piece of their own would cost more than the copy. */
const worthAPiece = 1 << 12;

function tensorPieces(tensor: TensorProto): Uint8Array[] {
  if (tensor.rawData.byteLength < worthAPiece) return [toBinary(TensorProtoSchema, tensor)];
  return around(TensorProtoSchema, tensor, 'rawData', field(TensorProtoSchema, 'rawData', [tensor.rawData]));
}

/** A length-delimited field whose content is already encoded. */
function field<D extends DescMessage>(schema: D, name: keyof MessageShape<D> & string, content: Uint8Array[]) {
  const header = new BinaryWriter().tag(numberOf(schema, name), WireType.LengthDelimited).uint32(byteLength(content));
  return [header.finish(), ...content];
}

/** A message with one field replaced by encoded pieces, at the field's usual place: fields are written by number. */
function around<D extends DescMessage>(
  schema: D,
  message: MessageShape<D>,
  name: keyof MessageShape<D> & string,
  middle: Uint8Array[],
): Uint8Array[] {
  const number = numberOf(schema, name);
  const before = without(message, (other) => other >= number);
  const after = without(message, (other) => other <= number);
  // Unknown fields come last, as in protobuf's own encoder.
  delete before.$unknown;
  return [toBinary(schema, before), ...middle, toBinary(schema, after)];

  function without(original: MessageShape<D>, leaveOut: (number: number) => boolean): MessageShape<D> {
    const copy = withFields(original, {});
    for (const { localName, number, fieldKind, oneof } of schema.fields) {
      if (oneof || !leaveOut(number)) continue;
      if (fieldKind === 'list') Object.assign(copy, { [localName]: [] });
      else Reflect.deleteProperty(copy, localName);
    }
    return copy;
  }
}

/** The number of a field in its message. */
export function numberOf<D extends DescMessage>(schema: D, name: keyof MessageShape<D> & string): number {
  const found = schema.field[name];
  if (!found) throw new Error(`${schema.typeName} has no field ${name}`);
  return found.number;
}
