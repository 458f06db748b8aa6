/** Reverse-mode differentiation of a built graph, written as ordinary ONNX operators behind it. */

import type { Builder, Operand, Value } from '../onnx/builder.ts';
import { describe, type Node } from '../onnx/graph.ts';
import { rules } from './rules.ts';
import { sumTo } from './sumTo.ts';

/** What a rule sees of the node it differentiates. */
export interface RuleContext {
  /** Writes the gradient's nodes. */
  readonly b: Builder;
  readonly node: Node;
  readonly inputs: readonly Operand[];
  readonly outputs: readonly Value[];
  /** Whether the gradient of input `i` is needed; a rule may skip the others. */
  readonly needs: (i: number) => boolean;
}

/**
 * From the gradients of a node's outputs (undefined: zero) to the gradients of its inputs (undefined: zero, or not needed).
 * A gradient may have the shape before broadcasting: the loop sums it to the input's shape.
 */
export type Rule = (context: RuleContext, gradients: readonly Operand[]) => readonly Operand[];

/** An operator with no gradient at all: its outputs do not change with small changes of its inputs, or are not numbers. */
export const zero = 'zero';

export type RuleTable = Readonly<Record<string, Rule | typeof zero>>;

/** Nodes on the way from the parameters to the loss that have no rule. */
export class UnsupportedOperatorsError extends Error {
  override readonly name = 'UnsupportedOperatorsError';
  readonly problems: readonly { readonly node: Node; readonly reason: string }[];
  constructor(problems: readonly { readonly node: Node; readonly reason: string }[]) {
    super(
      `The gradient cannot be computed, because ${problems.length === 1 ? 'an operator is' : `${problems.length} operators are`} not supported:\n` +
        problems.map(({ node, reason }) => `  ${describe(node)}: ${reason}`).join('\n'),
    );
    this.problems = problems;
  }
}

/**
 * Adds the nodes that compute gradients. `seeds` gives the loss's gradient for some values (the logits, say); the result has the
 * gradient for each of `wrt`, in its shape, and lacks those that the loss does not depend on.
 * @throws UnsupportedOperatorsError naming every node on the path without a rule, before any node is added.
 */
export function backward(
  b: Builder,
  seeds: ReadonlyMap<Value, Value>,
  wrt: readonly Value[],
  table: RuleTable = rules,
): Map<Value, Value> {
  const path = nodesBetween(b, wrt, [...seeds.keys()], table);
  const active = path.active;
  const problems = path.nodes.flatMap((node) =>
    Object.hasOwn(table, node.opType) && node.domain === ''
      ? []
      : [{ node, reason: `${node.domain && `${node.domain}.`}${node.opType} has no gradient rule` }],
  );
  if (problems.length > 0) throw new UnsupportedOperatorsError(problems);

  const sums = new Map<string, Value[]>();
  const add = (value: Value, gradient: Value): void => {
    const held = sums.get(value.name);
    if (held) held.push(gradient);
    else sums.set(value.name, [gradient]);
  };
  const total = (value: Value): Operand => {
    const held = sums.get(value.name);
    if (!held) return undefined;
    const sum = held.reduce((left, right) => b.op('Add', [left, right]));
    sums.set(value.name, [sum]);
    return sum;
  };
  for (const [value, gradient] of seeds) add(value, sumTo(b, gradient, value.dims));

  for (const node of path.nodes.toReversed()) {
    const operands = b.operands.get(node);
    const rule = table[node.opType];
    if (!operands || rule === undefined || rule === zero) continue;
    b.scope(`grad/${node.name}`, () => {
      const gradients = operands.outputs.map(total);
      if (gradients.every((gradient) => gradient === undefined)) return;
      const needs = (i: number): boolean => active.has(operands.inputs[i]?.name ?? '');
      const results = rule({ b, node, ...operands, needs }, gradients);
      operands.inputs.forEach((input, i) => {
        const result = results[i];
        if (input && result && needs(i)) add(input, sumTo(b, result, input.dims));
      });
    });
  }

  const found = new Map<Value, Value>();
  for (const value of wrt) {
    const gradient = total(value);
    if (gradient) found.set(value, gradient);
  }
  return found;
}

/** The nodes that lie on some path from one of `from` to one of `to`, in order, and the names of all values on such paths. */
function nodesBetween(
  b: Builder,
  from: readonly Value[],
  to: readonly Value[],
  table: RuleTable,
): { readonly nodes: readonly Node[]; readonly active: ReadonlySet<string> } {
  const reached = new Set(from.map((value) => value.name));
  const depends = b.nodes.filter((node) => {
    const yes = node.inputs.some((name) => reached.has(name)) && table[node.opType] !== zero;
    if (yes) for (const name of node.outputs) reached.add(name);
    return yes;
  });
  const wanted = new Set(to.map((value) => value.name));
  const nodes = depends
    .toReversed()
    .filter((node) => {
      const yes = node.outputs.some((name) => wanted.has(name));
      if (yes) for (const name of node.inputs) if (reached.has(name)) wanted.add(name);
      return yes;
    })
    .toReversed();
  return { nodes, active: wanted };
}
