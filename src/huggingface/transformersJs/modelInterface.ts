/** A CTC model with the inputs and the output that transformers.js and other users of Hugging Face's models look for. */

import type { ValueInfoProto } from 'onnx-buf';
import { dataTypeNumber } from '../../onnx/file/dataTypes.ts';
import { valueInfoProto } from '../../onnx/file/encode.ts';
import { viewFile, type ModelFile } from '../../onnx/file/load.ts';
import { withFields } from '../../onnx/file/protoCopy.ts';
import { rewriteFile } from '../../onnx/file/rewriteFile.ts';
import { int, ints, type Attributes, type Node, type ValueInfo } from '../../onnx/graph/graph.ts';
import type { DataType } from '../../onnx/graph/tensor.ts';
import { renameValues } from '../../onnx/passes/renameValues.ts';

/** The values of a model that its users see, whatever they are called. */
export interface ModelInterface {
  /** float32 or float16 [batch, samples] */
  readonly audio: ValueInfo;
  /** [batch, samples] */
  readonly mask: ValueInfo | undefined;
  /** Three axes. */
  readonly logits: ValueInfo;
  /** The order that makes the logits [batch, frames, symbols]; undefined if they are. */
  readonly order: readonly number[] | undefined;
}

/**
 * @returns the same model with float32 `input_values` [batch, samples], int64 `attention_mask` of the same shape where it takes a mask, and
 *   float32 `logits` [batch, frames, symbols].
 */
export function withHubInterface(file: ModelFile, { audio, mask, logits, order }: ModelInterface): ModelFile {
  const before: Node[] = [];
  const after: Node[] = [];
  const infos = new Map<string, ValueInfoProto>();
  const names = new Map<string, string>();
  const dims = audio.dims ?? ['batch', 'samples'];

  const input = ({ name, type }: ValueInfo, wanted: string, wantedType: DataType): void => {
    infos.set(name, valueInfoProto({ name: wanted, type: wantedType, dims }));
    names.set(name, type === wantedType ? wanted : `${wanted}_${type}`);
    if (type !== wantedType) before.push(node('Cast', wanted, `${wanted}_${type}`, { to: int(dataTypeNumber(type)) }));
  };
  input(audio, 'input_values', 'float32');
  if (mask) input(mask, 'attention_mask', 'int64');

  const casts = logits.type !== 'float32';
  const own = casts || order ? 'logits_own' : 'logits';
  names.set(logits.name, own);
  const turned = order && casts ? 'logits_batch_first' : 'logits';
  if (order) after.push(node('Transpose', own, turned, { perm: ints(order) }));
  if (casts) after.push(node('Cast', order ? turned : own, 'logits', { to: int(dataTypeNumber('float32')) }));
  const outputDims = order ? order.map((axis) => logits.dims?.[axis]) : logits.dims;
  infos.set(logits.name, valueInfoProto({ name: 'logits', type: 'float32', dims: outputDims }));

  const added = [...before, ...after].flatMap(({ inputs, outputs }) => [...inputs, ...outputs]);
  const given = new Set(names.values());
  const renamed = renameValues(
    file,
    names,
    added.filter((name) => !given.has(name)),
  );
  const extended =
    added.length === 0 ? renamed : rewriteFile(renamed, [...before, ...renamed.model.graph.nodes, ...after], new Map());
  const { graph } = extended.proto;
  if (!graph) return extended;
  const inputs = [audio, ...(mask ? [mask] : [])].flatMap(({ name }) => infos.get(name) ?? []);
  const output = infos.get(logits.name);
  const ownInputs = new Set([audio.name, mask?.name].map((name) => names.get(name ?? '')));
  return viewFile(
    extended,
    withFields(extended.proto, {
      graph: withFields(graph, {
        input: [...inputs, ...graph.input.filter(({ name }) => !ownInputs.has(name))],
        output: output ? [output, ...graph.output.filter(({ name }) => name !== own)] : graph.output,
      }),
    }),
  );
}

function node(opType: string, input: string, output: string, attributes: Attributes): Node {
  return { opType, domain: '', name: output, inputs: [input], outputs: [output], attributes };
}
