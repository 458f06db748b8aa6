/** Rewrites a model so that each parameter is an initializer that nothing else uses. */

import { create } from '@bufbuild/protobuf';
import { TensorProtoSchema, type GraphProto, type NodeProto, type TensorProto } from 'onnx-buf';
import { dataTypeNumber } from './dataTypes.ts';
import { tensorProto } from './encode.ts';
import { viewFile, type ModelFile } from './load.ts';
import type { Operand } from './operands.ts';
import { withFields } from './protoCopy.ts';
import { bytesPerElement, type DataType } from './tensor.ts';

/** The trained operands that are one parameter, by the parameter's name. */
export type ParameterGroups = ReadonlyMap<string, readonly [Operand, ...Operand[]]>;

/** A bias of zeros that the exporter left out of a node, and of others that call the same module. */
export interface DroppedBias {
  readonly node: number;
  readonly others: number[];
  readonly channels: number;
  readonly type: DataType;
}

/** The rewritten model (the same, if nothing had to change), and the initializer of each parameter by the parameter's name. */
export function separate(
  file: ModelFile,
  groups: ParameterGroups,
  dropped: ReadonlyMap<string, DroppedBias>,
): { readonly file: ModelFile; readonly initializers: ReadonlyMap<string, string> } {
  const { graph } = file.proto;
  const initializers = new Map<string, string>();
  if (!graph) return { file, initializers };
  const rewrite = new Rewrite(graph);
  for (const [source, owners] of bySource(groups)) {
    const { tensor } = owners[0]?.operands[0] ?? {};
    if (tensor && !file.model.graph.initializers.has(source))
      rewrite.constantToInitializer(source, tensorProto(source, tensor));
    const keeper = rewrite.keeper(source, owners);
    for (const { name, operands } of owners) {
      initializers.set(name, name === keeper ? source : rewrite.copyFor(name, source, operands));
    }
  }
  for (const [name, bias] of dropped) initializers.set(name, rewrite.addBias(name, bias));
  const rewritten = rewrite.graph();
  if (!rewritten) return { file, initializers };
  // Before version 4 of the format every initializer had to be a graph input, too.
  const irVersion = file.proto.irVersion < 4n ? 4n : file.proto.irVersion;
  const proto = withFields(file.proto, { graph: rewritten, irVersion });
  return { file: viewFile(file.path, proto), initializers };
}

interface Owner {
  readonly name: string;
  readonly operands: readonly Operand[];
}

function bySource(groups: ParameterGroups): Map<string, Owner[]> {
  const owners = new Map<string, Owner[]>();
  for (const [name, operands] of groups) {
    const [{ source }] = operands;
    owners.set(source, [...(owners.get(source) ?? []), { name, operands }]);
  }
  return owners;
}

class Rewrite {
  private readonly original: GraphProto;
  private readonly nodes: (NodeProto | undefined)[];
  private readonly added = new Map<string, TensorProto>();
  private readonly stored: ReadonlyMap<string, TensorProto>;
  private readonly taken: Set<string>;
  private readonly pinned: ReadonlySet<string>;
  private changed = false;

  constructor(graph: GraphProto) {
    this.original = graph;
    this.nodes = [...graph.node];
    this.stored = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    this.taken = new Set([...graph.node.flatMap(({ output }) => output), ...namesWithin(graph.node)]);
    for (const { name } of [...graph.input, ...graph.initializer]) this.taken.add(name);
    this.pinned = new Set([...graph.output.map(({ name }) => name), ...namesWithin(graph.node)]);
  }

  /** A weight in a Constant node becomes an initializer of the same name. */
  constantToInitializer(name: string, tensor: TensorProto): void {
    this.added.set(name, tensor);
    const index = this.nodes.findIndex((node) => node?.output.includes(name));
    this.nodes[index] = undefined;
    this.changed = true;
  }

  /**
   * Which parameter keeps the initializer that it shares, by name: the one with its name, else the first. Undefined if something that is
   * no parameter reads it, too: that keeps it, or a copy, where a parameter has the name.
   */
  keeper(source: string, owners: readonly Owner[]): string | undefined {
    // Where something is computed from the tensor, its readers are not told apart, and all go on reading it.
    const bound = owners.find(({ operands }) => operands.some(({ relation }) => relation !== 'same'));
    if (bound) return bound.name;
    const others = this.otherReaders(source, owners);
    const named = owners.find(({ name }) => name === source);
    if (others.length === 0) return (named ?? owners[0])?.name;
    if (!named) return undefined;
    const copy = this.copy(`${source}_constant`, source);
    for (const { node, input } of others) this.redirect(node, input, copy);
    return named.name;
  }

  /** A copy of `source` for one parameter, read by its operands. Gives the copy's name. */
  copyFor(name: string, source: string, operands: readonly Operand[]): string {
    // Identity nodes stood between the initializer and these operands; their names are free again if nothing else reads them.
    for (const { node, input } of operands) this.redirect(node, input, source);
    this.dropUnreadIdentities(source);
    const copy = this.copy(name, source);
    for (const { node, input } of operands) this.redirect(node, input, copy);
    return copy;
  }

  addBias(name: string, { node, others, channels, type }: DroppedBias): string {
    const rawData = new Uint8Array(channels * bytesPerElement(type));
    const dataType = dataTypeNumber(type);
    const bias = this.add(
      create(TensorProtoSchema, { name: this.unique(name), dims: [BigInt(channels)], dataType, rawData }),
    );
    for (const index of [node, ...others]) this.redirect(index, 2, bias);
    return bias;
  }

  /** The graph as it is now; undefined if it is as it was. */
  graph(): GraphProto | undefined {
    if (!this.changed) return undefined;
    const node = this.nodes.filter((kept) => kept !== undefined);
    return withFields(this.original, { node, initializer: [...this.original.initializer, ...this.added.values()] });
  }

  private copy(wanted: string, source: string): string {
    const tensor = this.stored.get(source) ?? this.added.get(source);
    if (!tensor) throw new Error(`the model has no initializer "${source}"`);
    // Bytes of its own, so that nobody who writes into one parameter writes into another.
    const own = tensor.rawData.byteLength > 0 ? { rawData: new Uint8Array(tensor.rawData) } : {};
    return this.add(withFields(tensor, { name: this.unique(wanted), ...own }));
  }

  private add(tensor: TensorProto): string {
    this.added.set(tensor.name, tensor);
    this.changed = true;
    return tensor.name;
  }

  private dropUnreadIdentities(source: string): void {
    const aliases = this.aliases(source);
    if (aliases.size === 1) return;
    const read = new Set(this.nodes.flatMap((node) => node?.input ?? []));
    for (const [index, node] of this.nodes.entries()) {
      const output = node?.output[0] ?? '';
      if (node?.opType !== 'Identity' || !aliases.has(output) || read.has(output) || this.pinned.has(output)) continue;
      this.nodes[index] = undefined;
      this.taken.delete(output);
    }
  }

  private redirect(index: number, input: number, to: string): void {
    const node = this.nodes[index];
    if (!node) return;
    const inputs = [...node.input];
    while (inputs.length < input) inputs.push('');
    inputs[input] = to;
    this.nodes[index] = withFields(node, { input: inputs });
    this.changed = true;
  }

  /** Where `source` is read by something that is none of the parameters. */
  private otherReaders(source: string, owners: readonly Owner[]): { node: number; input: number }[] {
    const known = new Set(owners.flatMap(({ operands }) => operands.map(({ node, input }) => `${node}:${input}`)));
    const views = new Set(owners.flatMap(({ operands }) => operands.flatMap(({ aliases }) => aliases)));
    return this.readers(this.aliases(source)).filter(({ node, input }) => {
      const leadsToParameter = this.nodes[node]?.output.some((output) => views.has(output));
      return !known.has(`${node}:${input}`) && !leadsToParameter;
    });
  }

  private readers(names: ReadonlySet<string>): { node: number; input: number }[] {
    return this.nodes.flatMap((node, index) =>
      (node?.input ?? []).flatMap((name, input) => (names.has(name) ? [{ node: index, input }] : [])),
    );
  }

  /** The names under which Identity nodes pass an initializer on, with its own. */
  private aliases(source: string): Set<string> {
    const names = new Set([source]);
    for (const node of this.nodes) {
      const [input = '', output = ''] = [node?.input[0], node?.output[0]];
      if (node?.opType === 'Identity' && names.has(input)) names.add(output);
    }
    return names;
  }

  private unique(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.taken.has(name); i++) name = `${wanted}_${i}`;
    this.taken.add(name);
    return name;
  }
}

/** All names in the subgraphs of nodes: those they define and those they read from outside. */
function namesWithin(nodes: readonly NodeProto[]): string[] {
  return nodes.flatMap(({ attribute }) =>
    attribute.flatMap(({ g, graphs }) =>
      (g ? [g, ...graphs] : graphs).flatMap((graph) => [
        ...graph.node.flatMap(({ input, output }) => [...input, ...output]),
        ...[...graph.input, ...graph.output, ...graph.initializer].map(({ name }) => name),
        ...namesWithin(graph.node),
      ]),
    ),
  );
}
