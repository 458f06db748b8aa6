/** A model's parameters under their names in PyTorch, each a stored tensor of its own. */

import { append } from '../../base/append.ts';
import { intAttribute, type Model, type Node } from '../graph/graph.ts';
import type { ModelFile } from '../file/load.ts';
import {
  callOf,
  isParameterName,
  modelPrefix,
  moduleOf,
  moduleOfParameter,
  parameterOfCall,
  parseSignature,
  type Signature,
} from '../graph/names.ts';
import { constantOf, trainedOperands, type TrainedInput, type Role } from './operands.ts';
import { withoutUnread } from '../graph/subgraphs.ts';
import { Trace } from '../infer/trace.ts';
import { unfold } from '../unfold/unfold.ts';
import { untieInitializers, type DroppedBias, type ParameterGroups } from '../passes/untieInitializers.ts';

export interface Parameter {
  /** The stored tensor of the parameter. */
  readonly initializer: string;
  /** Its name in PyTorch: `wav2vec2.encoder.layers.0.attention.q_proj.weight`. Unique in the model. */
  readonly name: string;
  /** Its module without the prefix of all modules: `encoder.layers.0.attention.q_proj`. */
  readonly layer: string;
  readonly role: Role;
  /** The operator that uses it; of several, the first. */
  readonly opType: string;
  /** Whether it is stored as [in, out], where PyTorch has [out, in]. */
  readonly transposed: boolean;
  /** Its stored shape. */
  readonly dims: readonly number[];
}

/** A model with known parameters, in the order of the nodes that use them. */
export interface ExposedModel {
  readonly file: ModelFile;
  readonly parameters: readonly Parameter[];
  /** Parameters that PyTorch lists and the graph lacks: it does not use them, or the exporter computed with them. */
  readonly absent: readonly string[];
}

/**
 * Finds the parameters, and returns a model in which each is an initializer of its own. Exporters merge stored tensors with equal elements, so that
 * one initializer of zeros serves as many biases; they drop a convolution's bias of zeros; they write some weights as Constant nodes; and they
 * keep several biases in one vector. All this is undone, because such parameters differ after one training step. A matrix that two modules share
 * stays one parameter. The model computes what it did before; `original` itself does not change.
 */
export function exposeParameters(original: ModelFile): ExposedModel {
  const signature = signatureOf(original);
  const file = unfold(original, signature);
  const { nodes } = file.model.graph;
  const operands = trainedOperands(file.model.graph, signature);
  const groups = byName(nodes, operands);
  const dropped = droppedBiases(file.model, groups, signature);
  const { file: exposed, initializers } = untieInitializers(file, groups, dropped);
  const prefix = modelPrefix([...groups.keys(), ...dropped.keys()]);
  const parameter = (
    name: string,
    node: number,
    input: number,
    rest: Pick<Parameter, 'role' | 'transposed' | 'dims'>,
  ) => {
    const module = isParameterName(name) ? moduleOfParameter(name) : name;
    const layer = module.startsWith(prefix) ? module.slice(prefix.length) : module;
    const initializer = initializers.get(name) ?? name;
    return { node, input, parameter: { initializer, name, layer, opType: nodes[node]?.opType ?? '', ...rest } };
  };
  const found = Array.from(groups, ([name, [first]]) => {
    const { node, input, role, transposed, tensor } = first;
    return parameter(name, node, input, { role, transposed, dims: tensor.dims });
  });
  const restored = Array.from(dropped, ([name, { node, channels }]) =>
    parameter(name, node, 2, { role: 'bias', transposed: false, dims: [channels] }),
  );
  const parameters = [...found, ...restored]
    .sort((a, b) => a.node - b.node || a.input - b.input)
    .map((entry) => entry.parameter);
  // A matrix that several modules share has one of its names.
  const present = new Set([
    ...groups.keys(),
    ...dropped.keys(),
    ...operands.flatMap((one) => [one.name, ...one.aliases]),
  ]);
  const listed = [...signature.kinds].flatMap(([name, kind]) => (kind === 'PARAMETER' ? [name] : []));
  return { file: exposed, parameters, absent: listed.filter((name) => !present.has(name)) };
}

function byName(nodes: readonly Node[], operands: readonly TrainedInput[]): ParameterGroups {
  const bySource = new Map<string, TrainedInput[]>();
  for (const operand of operands) append(bySource, operand.source, operand);
  const groups = new Map<string, [TrainedInput, ...TrainedInput[]]>();
  for (const [source, readers] of bySource) {
    const names = new Set(readers.map(({ name }) => name));
    // Vectors that are equal by chance are constant. Anything else that is equal is shared on purpose.
    const merged = readers[0] && constantOf(readers[0].tensor) !== undefined;
    const common = names.has(source) ? source : ([...names][0] ?? source);
    const own = new Map<string, TrainedInput[]>();
    for (const operand of readers) append(own, merged ? `${operand.name} ${operand.partner ?? ''}` : '', operand);
    for (const [first, ...others] of own.values()) {
      if (!first) continue;
      const name = merged ? first.name : common;
      groups.set(groups.has(name) ? otherName(nodes, first, groups) : name, [first, ...others]);
    }
  }
  return groups;
}

/** A name for the second of two parameters with the same name: that of the call within the module, as in `attention.MatMul_1.weight`. */
function otherName(
  nodes: readonly Node[],
  { node, module, role, source }: TrainedInput,
  taken: ReadonlyMap<string, unknown>,
): string {
  const call = nodes[node] && callOf(nodes[node]);
  const wanted = module && call ? `${module}.${call}.${role}` : source;
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
  return name;
}

/** Biases that PyTorch lists for a convolution or matrix product and that the file lacks, because they were zero. */
function droppedBiases(model: Model, groups: ParameterGroups, signature: Signature): Map<string, DroppedBias> {
  const { nodes } = model.graph;
  const weights = new Map([...groups.values()].flat().map((operand) => [`${operand.node}:${operand.input}`, operand]));
  const dropped = new Map<string, DroppedBias>();
  for (const [index, node] of nodes.entries()) {
    const weight = weights.get(`${index}:1`);
    if (!weight || node.inputs[2]) continue;
    // A computed weight, as in weight normalization, does not have the shape of its factors.
    const dims = weight.relation === 'same' ? weight.tensor.dims : storedShape(model, node.inputs[1] ?? '');
    const channels = dims && outputChannels(node, dims);
    if (channels === undefined) continue;
    const name = parameterOfCall(node, 'bias', signature) ?? `${moduleOf(node) ?? ''}.bias`;
    if (groups.has(name) || signature.kinds.get(name) !== 'PARAMETER') continue;
    // A module that is called twice has one bias.
    const earlier = dropped.get(name);
    if (earlier) earlier.others.push(index);
    else dropped.set(name, { node: index, others: [], channels, type: weight.tensor.type });
  }
  return dropped;
}

/** The length of a node's bias; undefined for operators without one. */
function outputChannels(node: Node, weight: readonly number[]): number | undefined {
  switch (node.opType) {
    case 'Conv':
      return weight[0];
    case 'ConvTranspose':
      return (weight[1] ?? 0) * intAttribute(node, 'group', 1);
    case 'Gemm':
      return weight[intAttribute(node, 'transB', 0) === 1 ? 0 : 1];
    default:
      return undefined;
  }
}

/** The shape of a value that is computed from stored tensors alone; undefined if unknown. */
function storedShape(model: Model, name: string): readonly number[] | undefined {
  const needed = withoutUnread(model.graph.nodes, [name]);
  const reads = new Set(needed.flatMap(({ inputs }) => inputs));
  const initializers = new Map([...model.graph.initializers].filter(([stored]) => reads.has(stored)));
  const graph = { ...model.graph, nodes: needed, inputs: [], initializers };
  const trace = new Trace({ ...model, graph }, { batch: 1, length: 1 });
  for (const node of needed) trace.add(node);
  return trace.value(name)?.dims;
}

function signatureOf({ proto }: ModelFile): Signature {
  const entry = proto.graph?.metadataProps.find(
    ({ key }) => key === 'pkg.torch.export.ExportedProgram.graph_signature',
  );
  return parseSignature(entry?.value ?? '');
}
