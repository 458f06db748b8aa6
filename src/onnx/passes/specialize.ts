/** Copies a model into a builder for inputs of fixed shapes: shape arithmetic is evaluated, and patterns become single operators. */

import type { Builder } from '../graph/builder.ts';
import type { Operand, Value } from '../graph/value.ts';
import { simplifications } from '../fuse/fuse.ts';
import { attribute, describe, type Graph, type Model, type Node } from '../graph/graph.ts';
import { withMaskedFills } from './maskedFill.ts';
import { adapt, checkOpset, isKnown } from '../opset/opset.ts';
import { Rewriter } from '../graph/rewriter.ts';

export interface Specialization {
  /** The model's inputs: values of the builder, or constants. Inputs that the outputs do not depend on may be omitted. */
  readonly inputs: Readonly<Record<string, Value>>;
  /** Initializers that stay values of the builder (its weights), by name. The others become constants. */
  readonly parameters: ReadonlyMap<string, Value>;
  /** The wanted outputs of the model. */
  readonly outputs: readonly string[];
  /**
   * Values inside the model that are given instead of computed, by name: each function returns the replacement of the value that the model
   * would compute. Nodes that only these values depended on are not written.
   */
  readonly given?: ReadonlyMap<string, (made: Value) => Value> | undefined;
  /**
   * Chooses values, once the model is in its simplest form, to replace: the function's result is read instead of the value.
   * `outputs` are the wanted ones.
   */
  readonly edit?:
    ((written: Builder['operands'], outputs: readonly Value[]) => ReadonlyMap<Value, ValueEdit>) | undefined;
}

/** Writes the replacement of a value, with its type and shape. */
export type ValueEdit = (b: Builder, value: Value) => Value;

/**
 * Writes the nodes that the wanted outputs depend on, in the builder's opset (opset.ts). Kept nodes keep their names, value names and
 * metadata, with a number appended to names that are taken.
 * @returns the wanted outputs by their names in the model.
 * @throws if an input is missing, an output unknown, an operator not supported (all of them in one message), or shapes do not fit.
 */
export function specialize(model: Model, b: Builder, specialization: Specialization): Map<string, Value> {
  const { inputs, parameters, outputs, given: replacements = new Map<string, never>() } = specialization;
  checkOpset(model.opsets);
  const nodes = neededNodes(withMaskedFills(model.graph), outputs);
  const unknown = nodes.filter((node) => !isKnown(node) && node.opType !== 'If');
  if (unknown.length > 0) {
    throw new Error(
      `Pinch does not know these operators:\n${unknown.map((node) => `  ${node.domain && `${node.domain}.`}${describe(node)}`).join('\n')}`,
    );
  }
  const given = new Map([...parameters, ...Object.entries(inputs)]);
  const r = new Rewriter(simplifications, new Set(parameters.values()));
  const middle = new Map<string, Value>();
  const replace = (name: string, made: Value): Value => {
    const replacement = replacements.get(name)?.(made);
    if (replacement) middle.set(name, replacement);
    return replacement ?? made;
  };
  const values = writeNodes(r, { ...model.graph, nodes }, model, given, outputs, replace);
  for (const name of replacements.keys()) if (!middle.has(name)) throw new Error(missing(model, name));
  const edits = specialization.edit?.(r.b.operands, values) ?? new Map<Value, ValueEdit>();
  const copied = copyNeeded(r.b, b, values, new Set([...given.values(), ...middle.values()]), edits);
  return new Map(outputs.flatMap((name, i) => (copied[i] ? [[name, copied[i]]] : [])));
}

/**
 * Writes a graph's nodes in the training graph's opset.
 * @param known values by name that the graph reads: inputs, weights, and for a branch of an If the values around it.
 * @param replace returns the value to read in place of the one made for a name.
 * @returns the values named `outputs`.
 */
function writeNodes(
  r: Rewriter,
  graph: Pick<Graph, 'nodes' | 'initializers'>,
  model: Model,
  known: ReadonlyMap<string, Value>,
  outputs: readonly string[],
  replace: (name: string, made: Value) => Value = (_, made) => made,
): Value[] {
  const values = new Map(known);
  const valueOf = (name: string): Value => {
    const held = values.get(name);
    if (held) return held;
    const tensor = graph.initializers.get(name);
    if (!tensor) throw new Error(missing(model, name));
    const value = r.b.constant(tensor, name);
    values.set(name, value);
    return value;
  };
  const used = new Set([...outputs, ...graph.nodes.flatMap(readsOf)]);
  for (const node of graph.nodes) {
    const operands = node.inputs.map((name): Operand => (name === '' ? undefined : valueOf(name)));
    const whole = indivisible.has(node.opType);
    const wanted = node.outputs.map((name) => (whole || used.has(name) ? name : ''));
    let results: readonly (Value | undefined)[];
    if (node.opType === 'If') {
      const branch = chosenBranch(r, node, operands[0]);
      for (const name of readsOf(node)) if (graph.initializers.has(name)) valueOf(name);
      const names = branch.outputs.map((output) => output.name);
      results = writeNodes(r, branch, model, values, names);
    } else {
      results = adapt(r, { ...node, outputs: wanted }, operands, model.opsets);
    }
    wanted.forEach((name, i) => {
      const result = results[i];
      if (name === '') return;
      if (!result) throw new Error(`${describe(node)}: its output ${i} is not supported`);
      values.set(name, replace(name, result));
    });
  }
  return outputs.map(valueOf);
}

/** Operators that need all their outputs: onnxruntime's Split crashes without one. */
const indivisible: ReadonlySet<string> = new Set(['Split', 'TopK']);

/** The branch that an If takes for inputs of these shapes. @throws if that depends on the audio. */
function chosenBranch(r: Rewriter, node: Node, condition: Operand): Graph {
  const decided = r.uniform(condition);
  if (decided === undefined) throw new Error(`${describe(node)}: which branch it takes depends on data`);
  const branch = attribute(node, decided === 0 ? 'else_branch' : 'then_branch', 'graph');
  if (!branch) throw new Error(`${describe(node)}: a branch is missing`);
  return branch;
}

/** The nodes that some values depend on, in the graph's order. */
function neededNodes(nodes: readonly Node[], outputs: readonly string[]): Node[] {
  const needed = new Set(outputs);
  const kept = nodes.toReversed().filter((node) => {
    const keep = node.outputs.some((name) => name !== '' && needed.has(name));
    if (keep) for (const name of readsOf(node)) needed.add(name);
    return keep;
  });
  return kept.toReversed();
}

/** The names that a node reads, including those that its branches take from outside. */
function readsOf(node: Node): string[] {
  const branches = Object.values(node.attributes).flatMap((held) => (held.type === 'graph' ? [held.value] : []));
  return [
    ...node.inputs,
    ...branches.flatMap(({ nodes, outputs }) => [...nodes.flatMap(readsOf), ...outputs.map(({ name }) => name)]),
  ];
}

/** Copies the nodes that some values depend on into another builder. */
function copyNeeded(
  from: Builder,
  to: Builder,
  outputs: readonly Value[],
  given: ReadonlySet<Value>,
  edits: ReadonlyMap<Value, ValueEdit>,
): Value[] {
  const needed = new Set<Operand>(outputs);
  const entries = [...from.operands].toReversed().filter(([, { inputs, outputs }]) => {
    const keep = outputs.some((value) => needed.has(value));
    if (keep) for (const input of inputs) needed.add(input);
    return keep;
  });
  const copies = new Map<Operand, Value>();
  for (const value of given) {
    const edit = edits.get(value);
    if (edit) copies.set(value, edit(to, value));
  }
  const copyOf = (value: Value): Value => {
    const held = copies.get(value);
    if (held) return held;
    if (given.has(value) || !value.constant) return value;
    const copy = to.constant(value.constant, value.name);
    copies.set(value, copy);
    return copy;
  };
  for (const [node, { inputs, outputs }] of entries.toReversed()) {
    const operands = inputs.map((input) => input && copyOf(input));
    const { name, domain, metadata } = node;
    const results = to.ops(node.opType, operands, outputs.length, node.attributes, {
      name,
      domain,
      outputNames: node.outputs,
      ...(metadata ? { metadata } : {}),
    });
    outputs.forEach((output, i) => {
      const result = results[i];
      if (result) copies.set(output, edits.get(output)?.(to, result) ?? result);
    });
  }
  return outputs.map(copyOf);
}

function missing(model: Model, name: string): string {
  const isInput = model.graph.inputs.some((input) => input.name === name);
  return isInput ? `the model needs its input "${name}"` : `the model has no value "${name}"`;
}
