/** Rewrites a model so that each parameter is an initializer of its own. */

import { uniqueName } from '../graph/uniqueName.ts';
import { append } from '../../base/append.ts';
import { create } from '@bufbuild/protobuf';
import { TensorProtoSchema, type GraphProto, type NodeProto, type TensorProto } from 'onnx-buf';
import { dataTypeNumber } from '../file/dataTypes.ts';
import { tensorProto } from '../file/encode.ts';
import { viewFile, type ModelFile } from '../file/load.ts';
import { constantOf, type TrainedInput } from '../model/operands.ts';
import { withFields } from '../file/protoCopy.ts';
import { bytesPerElement, type DataType } from '../graph/tensor.ts';

/** The trained operands of one parameter, by the parameter's name. */
export type ParameterGroups = ReadonlyMap<string, readonly [TrainedInput, ...TrainedInput[]]>;

/** A bias of zeros that the exporter omitted from a node, and from other nodes of the same module. */
export interface DroppedBias {
  readonly node: number;
  readonly others: number[];
  readonly channels: number;
  readonly type: DataType;
}

/** The rewritten model (the same, if nothing changed), and the initializer of each parameter by the parameter's name. */
export function untieInitializers(
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
    if (!tensor) continue;
    if (!file.model.graph.initializers.has(source)) rewrite.constantToInitializer(source, tensorProto(source, tensor));
    const constant = constantOf(tensor) !== undefined;
    for (const [name, initializer] of rewrite.share(source, owners, constant)) initializers.set(name, initializer);
  }
  for (const [name, bias] of dropped) initializers.set(name, rewrite.addBias(name, bias));
  const rewritten = rewrite.graph();
  if (!rewritten) return { file, initializers };
  // Before version 4 of the format every initializer had to be a graph input, too.
  const irVersion = file.proto.irVersion < 4n ? 4n : file.proto.irVersion;
  const proto = withFields(file.proto, { graph: rewritten, irVersion });
  return { file: viewFile(file, proto), initializers };
}

interface TensorOwner {
  readonly name: string;
  readonly operands: readonly TrainedInput[];
}

function bySource(groups: ParameterGroups): Map<string, TensorOwner[]> {
  const owners = new Map<string, TensorOwner[]>();
  for (const [name, operands] of groups) {
    const [{ source }] = operands;
    append(owners, source, { name, operands });
  }
  return owners;
}

class Rewrite {
  private readonly original: GraphProto;
  private readonly nodes: (NodeProto | undefined)[];
  /** New nodes, by the index of the node that they precede. */
  private readonly before = new Map<number, NodeProto[]>();
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

  /** Turns a weight in a Constant node into an initializer of the same name. */
  constantToInitializer(name: string, tensor: TensorProto): void {
    this.added.set(name, tensor);
    const index = this.nodes.findIndex((node) => node?.output.includes(name));
    this.nodes[index] = undefined;
    this.changed = true;
  }

  /**
   * Gives each owner an initializer of its own, by the owners' names. One owner keeps the tensor: the one with its name, otherwise the first.
   * @param constant whether all its elements are equal: other readers then have the same numbers by chance, and keep them
   */
  share(source: string, owners: readonly TensorOwner[], constant: boolean): Map<string, string> {
    const named = owners.find(({ name }) => name === source);
    const read = constant && this.isReadElsewhere(source, owners);
    const keeper = read ? named : (named ?? owners[0]);
    const initializers = new Map<string, string>();
    for (const owner of owners) {
      const { name, operands } = owner;
      initializers.set(name, owner === keeper ? source : this.copyFor(name, source, operands));
    }
    if (read && keeper) {
      const copy = this.copy(`${source}_constant`, source);
      this.rename(source, copy);
      this.detach(copy, source, keeper.operands);
    }
    return initializers;
  }

  /** Makes a copy of `source` for one parameter, read by its operands. Returns the copy's name. */
  private copyFor(name: string, source: string, operands: readonly TrainedInput[]): string {
    const own = operands.map(({ node, input }) => this.nodes[node]?.input[input] ?? '');
    const paths = new Map(own.flatMap((value) => [...this.path(value, source)]));
    // Identity nodes between the initializer and these operands are not copied. Their names are free if nothing else reads them.
    for (const { node, input } of operands) this.redirect(node, input, source);
    this.dropUnread(paths);
    const copy = this.copy(name, source);
    operands.forEach(({ node, input }, i) => {
      this.redirect(node, input, this.rebuilt(own[i] ?? '', source, copy, paths, node));
    });
    return copy;
  }

  /** Makes operands read `to` in place of `from`, directly or through values computed from it. */
  private detach(from: string, to: string, operands: readonly TrainedInput[]): void {
    for (const { node, input } of operands) {
      const value = this.nodes[node]?.input[input] ?? '';
      const path = this.path(value, from);
      this.redirect(node, input, this.rebuilt(value, from, to, path, node));
      this.dropUnread(path);
    }
  }

  addBias(name: string, { node, others, channels, type }: DroppedBias): string {
    const rawData = new Uint8Array(channels * bytesPerElement(type));
    const dataType = dataTypeNumber(type);
    const bias = this.add(
      create(TensorProtoSchema, { name: uniqueName(name, this.taken), dims: [BigInt(channels)], dataType, rawData }),
    );
    for (const index of [node, ...others]) this.redirect(index, 2, bias);
    return bias;
  }

  /** The rewritten graph; undefined if nothing changed. */
  graph(): GraphProto | undefined {
    if (!this.changed) return undefined;
    const node = this.nodes.flatMap((kept, index) => [...(this.before.get(index) ?? []), ...(kept ? [kept] : [])]);
    return withFields(this.original, { node, initializer: [...this.original.initializer, ...this.added.values()] });
  }

  private copy(wanted: string, source: string): string {
    const tensor = this.stored.get(source) ?? this.added.get(source);
    if (!tensor) throw new Error(`the model has no initializer "${source}"`);
    // A copy of the bytes: writing into one parameter must not change another.
    const own = tensor.rawData.byteLength > 0 ? { rawData: new Uint8Array(tensor.rawData) } : {};
    return this.add(withFields(tensor, { name: uniqueName(wanted, this.taken), ...own }));
  }

  private add(tensor: TensorProto): string {
    this.added.set(tensor.name, tensor);
    this.changed = true;
    return tensor.name;
  }

  /** The nodes between an initializer and a value computed from it, with their indices; added nodes have none. */
  private path(value: string, source: string): Map<NodeProto, number | undefined> {
    const path = new Map<NodeProto, number | undefined>();
    const leads = (name: string): boolean => {
      if (name === source) return true;
      const [index, node] = this.producer(name) ?? [];
      if (!node) return false;
      if (path.has(node)) return true;
      const depends = node.input.map(leads).includes(true);
      if (depends) path.set(node, index);
      return depends;
    };
    leads(value);
    return path;
  }

  /** Recomputes `value` from another tensor. Identity nodes are left out, the others are copied to before the reader. */
  private rebuilt(
    value: string,
    from: string,
    to: string,
    path: ReadonlyMap<NodeProto, number | undefined>,
    reader: number,
    written = new Map<string, string>(),
  ): string {
    if (value === from) return to;
    const again = written.get(value);
    const node = [...path.keys()].find(({ output }) => output.includes(value));
    if (again !== undefined || !node) return again ?? value;
    if (node.opType === 'Identity') return this.rebuilt(node.input[0] ?? '', from, to, path, reader, written);
    const input = node.input.map((name) => this.rebuilt(name, from, to, path, reader, written));
    const output = node.output.map((name) => name && uniqueName(name, this.taken));
    const name = node.name && `${node.name}/${to}`;
    this.before.set(reader, [...(this.before.get(reader) ?? []), withFields(node, { input, output, name })]);
    this.changed = true;
    node.output.forEach((old, i) => written.set(old, output[i] ?? ''));
    return written.get(value) ?? value;
  }

  /** Removes nodes whose outputs nothing reads any more. */
  private dropUnread(nodes: ReadonlyMap<NodeProto, number | undefined>): void {
    // From last to first, since earlier nodes are read by later ones.
    for (const [node, index] of [...nodes].toReversed()) {
      if (node.output.some((name) => this.pinned.has(name) || this.readers(name).length > 0)) continue;
      if (index !== undefined) this.nodes[index] = undefined;
      else
        for (const [at, added] of this.before)
          this.before.set(
            at,
            added.filter((other) => other !== node),
          );
      for (const name of node.output) this.taken.delete(name);
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

  /** Whether a tensor has readers that are not parameters. */
  private isReadElsewhere(source: string, owners: readonly TensorOwner[]): boolean {
    const operands = owners.flatMap((owner) => owner.operands);
    const known = new Set(operands.map(({ node, input }) => `${node}:${input}`));
    const values = operands.map(({ node, input }) => this.nodes[node]?.input[input] ?? '');
    const paths = new Set(values.flatMap((value) => [...this.path(value, source).keys()]));
    const elsewhere = (name: string): boolean =>
      this.pinned.has(name) ||
      this.readers(name).some(({ node, index, input }) =>
        paths.has(node) ? node.output.some(elsewhere) : index === undefined || !known.has(`${index}:${input}`),
      );
    return elsewhere(source);
  }

  /** Makes all nodes read another value, including nodes in the bodies of loops and branches. */
  private rename(from: string, to: string): void {
    const names = new Map([[from, to]]);
    this.nodes.forEach((node, index) => {
      if (node) this.nodes[index] = renamed(node, names);
    });
    for (const [index, nodes] of this.before)
      this.before.set(
        index,
        nodes.map((node) => renamed(node, names)),
      );
  }

  private readers(name: string): { node: NodeProto; index: number | undefined; input: number }[] {
    const found: { node: NodeProto; index: number | undefined; input: number }[] = [];
    for (const [node, index] of this.entries()) {
      node.input.forEach((read, input) => {
        if (read === name) found.push({ node, index, input });
      });
    }
    return found;
  }

  private producer(name: string): readonly [number | undefined, NodeProto] | undefined {
    if (name === '') return undefined;
    for (const [node, index] of this.entries()) if (node.output.includes(name)) return [index, node];
    return undefined;
  }

  private *entries(): Generator<readonly [NodeProto, number | undefined]> {
    for (const nodes of this.before.values()) for (const node of nodes) yield [node, undefined];
    for (const [index, node] of this.nodes.entries()) if (node) yield [node, index];
  }
}

/** A copy of a node that reads other values, including its bodies. A name means the same in a body as outside. */
function renamed(node: NodeProto, names: ReadonlyMap<string, string>): NodeProto {
  const reads = [...node.input, ...namesWithin([node])].some((name) => names.has(name));
  if (!reads) return node;
  const to = (name: string): string => names.get(name) ?? name;
  const within = (graph: GraphProto): GraphProto =>
    withFields(graph, {
      node: graph.node.map((inner) => renamed(inner, names)),
      output: graph.output.map((output) => withFields(output, { name: to(output.name) })),
    });
  const attribute = node.attribute.map((held) =>
    held.g || held.graphs.length > 0
      ? withFields(held, { ...(held.g ? { g: within(held.g) } : {}), graphs: held.graphs.map(within) })
      : held,
  );
  return withFields(node, { input: node.input.map(to), attribute });
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
