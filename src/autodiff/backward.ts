/** Reverse-mode differentiation of a built graph: appends ordinary ONNX operators to it. */

import type { Builder } from '../onnx/graph/builder.ts';
import type { Value } from '../onnx/graph/value.ts';
import { describe, type Node } from '../onnx/graph/graph.ts';
import { zero, type NodeContext, type GradientRule, type RuleTable } from './rule.ts';
import { rules } from './rules.ts';
import { sumTo } from './sumTo.ts';

/** Nodes between the parameters and the loss that have no rule. */
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
 * Adds the nodes that compute gradients. `seeds` has the loss's gradient for some values, such as the logits. The result has the gradient for each
 * of `wrt`, in its shape, and lacks those that the loss does not depend on.
 * @throws UnsupportedOperatorsError naming every node on the path without a rule, before any node is added.
 */
export function backward(
  b: Builder,
  seeds: ReadonlyMap<Value, Value>,
  wrt: readonly Value[],
  table: RuleTable = rules,
): Map<Value, Value> {
  const { contexts, active } = nodesBetween(b, wrt, [...seeds.keys()], table);
  const problems = contexts.flatMap((context) => {
    const reason = whyUnsupported(context, table);
    return reason === undefined ? [] : [{ node: context.node, reason }];
  });
  if (problems.length > 0) throw new UnsupportedOperatorsError(problems);

  const sums = new Map<string, Value>();
  const add = (value: Value, gradient: Value): void => {
    const fitted = sumTo(b, gradient, value.dims);
    const held = sums.get(value.name);
    sums.set(value.name, held ? b.op('Add', [held, fitted]) : fitted);
  };
  for (const [value, gradient] of seeds) add(value, gradient);

  for (const context of contexts.toReversed()) {
    const gradients = context.outputs.map((output) => sums.get(output.name));
    if (gradients.every((gradient) => gradient === undefined)) continue;
    b.scope(`grad/${context.node.name}`, () => {
      const results = ruleOf(context.node, table)({ ...context, b }, gradients);
      context.inputs.forEach((input, i) => {
        const result = results[i];
        if (input && result && active.has(input.name)) add(input, result);
      });
    });
  }

  const found = new Map<Value, Value>();
  for (const value of wrt) {
    const gradient = sums.get(value.name);
    if (gradient) found.set(value, gradient);
  }
  return found;
}

function whyUnsupported(context: NodeContext, table: RuleTable): string | undefined {
  const { node } = context;
  const entry = entryOf(node, table);
  if (entry === undefined) return `${node.domain && `${node.domain}.`}${node.opType} has no gradient rule`;
  return typeof entry === 'object' ? entry.unsupported(context) : undefined;
}

function ruleOf(node: Node, table: RuleTable): GradientRule {
  const entry = entryOf(node, table);
  if (typeof entry === 'object') return entry.rule;
  if (typeof entry === 'function') return entry;
  throw new Error(`${describe(node)} has no gradient rule`);
}

function entryOf(node: Node, table: RuleTable): RuleTable[string] | undefined {
  return node.domain === '' && Object.hasOwn(table, node.opType) ? table[node.opType] : undefined;
}

/**
 * The nodes on paths from one of `from` to one of `to`, in order, and the names of all values on such paths. A path runs through floating-point
 * values only: an index or a comparison has no gradient.
 */
function nodesBetween(
  b: Builder,
  from: readonly Value[],
  to: readonly Value[],
  table: RuleTable,
): { readonly contexts: readonly NodeContext[]; readonly active: ReadonlySet<string> } {
  const reached = new Set(from.map((value) => value.name));
  const depends = [...b.operands].filter(([node, { outputs }]) => {
    if (entryOf(node, table) === zero || !readsOf(node).some((name) => reached.has(name))) return false;
    const carriers = outputs.filter(({ name, type }) => name !== '' && floats.has(type));
    for (const { name } of carriers) reached.add(name);
    return carriers.length > 0;
  });
  const active = new Set(to.map((value) => value.name).filter((name) => reached.has(name)));
  const path = depends.toReversed().filter(([node, { outputs }]) => {
    if (!outputs.some(({ name }) => active.has(name))) return false;
    for (const name of readsOf(node)) if (reached.has(name)) active.add(name);
    return true;
  });
  const contexts = path.toReversed().map(([node, { inputs, outputs }]): NodeContext => {
    const needs = (i: number): boolean => active.has(inputs[i]?.name ?? '');
    const gives = (i: number): boolean => active.has(outputs[i]?.name ?? '');
    return { node, inputs, outputs, needs, gives };
  });
  return { contexts, active };
}

const floats: ReadonlySet<string> = new Set(['float32', 'float64', 'float16', 'bfloat16']);

/** The names that a node reads, including those that the bodies of If, Loop and Scan take from outside. */
function readsOf(node: Node): string[] {
  const bodies = Object.values(node.attributes).flatMap((held) => (held.type === 'graph' ? [held.value] : []));
  return [...node.inputs, ...bodies.flatMap((body) => body.nodes.flatMap(readsOf))];
}
