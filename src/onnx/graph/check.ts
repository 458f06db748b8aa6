/** Checks a typed graph's structure after a rewrite, like onnx.checker. */

import { attribute, describe, type Graph, type Model, type Node } from './graph.ts';
import { requiredAttributes, schemas } from './schemas.ts';
import { sizeOf } from './tensor.ts';

/**
 * The errors of a model, one sentence each; empty for a valid one. Checks: unique names, values defined before they are read (in subgraphs also by
 * the enclosing graph), outputs produced, counts of inputs and outputs, required attributes, declared operator sets, and tensor sizes. Reads every
 * initializer's elements.
 */
export function checkModel(model: Model): string[] {
  const problems: string[] = [];
  checkGraph(model.graph, new Scope(undefined, problems), model.opsets);
  return problems;
}

/** The names visible in a graph: its own and those of enclosing graphs. */
class Scope {
  readonly problems: string[];
  private readonly outer: Scope | undefined;
  private readonly names = new Set<string>();

  constructor(outer: Scope | undefined, problems: string[]) {
    this.outer = outer;
    this.problems = problems;
  }

  define(name: string, where: string): void {
    if (this.names.has(name)) this.problems.push(`${where} gives the name "${name}" a second time.`);
    else if (this.outer?.sees(name))
      this.problems.push(`${where} gives the name "${name}", which the graph around it has.`);
    this.names.add(name);
  }

  sees(name: string): boolean {
    return this.names.has(name) || (this.outer?.sees(name) ?? false);
  }
}

function checkGraph(graph: Graph, scope: Scope, opsets: Model['opsets']): void {
  const { problems } = scope;
  const title = `Graph "${graph.name}"`;
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  for (const { name } of graph.inputs) {
    if (name === '') problems.push(`${title} has an input without a name.`);
    else scope.define(name, `${title}, in its inputs,`);
  }
  for (const [name, tensor] of graph.initializers) {
    // An input with a default value is an initializer too.
    if (!inputs.has(name)) scope.define(name, `${title}, in its initializers,`);
    const { length } = tensor.data;
    if (length !== sizeOf(tensor.dims)) {
      problems.push(
        `Initializer "${name}" has ${length} elements, but its shape [${tensor.dims.join(', ')}] takes ${sizeOf(tensor.dims)}.`,
      );
    }
  }
  const later = new Set(graph.nodes.flatMap((node) => node.outputs));
  for (const node of graph.nodes) checkNode(node, scope, opsets, later);
  for (const { name } of graph.outputs) {
    if (!scope.sees(name)) problems.push(`${title} has the output "${name}", which nothing produces.`);
  }
}

function checkNode(node: Node, scope: Scope, opsets: Model['opsets'], later: ReadonlySet<string>): void {
  const { problems } = scope;
  const title = describe(node);
  if (!opsets.has(node.domain)) {
    problems.push(`${title} is of operator set "${node.domain || 'ai.onnx'}", which the model does not declare.`);
  }
  for (const name of node.inputs) {
    if (name === '' || scope.sees(name)) continue;
    problems.push(`${title} reads "${name}", which ${later.has(name) ? 'a later node produces' : 'nothing produces'}.`);
  }
  if (node.domain === '') {
    checkCounts(node, problems);
    for (const name of requiredAttributes[node.opType] ?? []) {
      if (!node.attributes[name]) problems.push(`${title} lacks the attribute ${name}.`);
    }
    checkBodies(node, problems);
  }
  for (const [name, { type, value }] of Object.entries(node.attributes)) {
    if (type === 'graph') checkGraph(value, new Scope(scope, problems), opsets);
    if (type === 'tensor' && value.data.length !== sizeOf(value.dims)) {
      problems.push(
        `${title} has ${value.data.length} elements in ${name}, but its shape takes ${sizeOf(value.dims)}.`,
      );
    }
  }
  for (const name of node.outputs) if (name !== '') scope.define(name, title);
}

function checkCounts(node: Node, problems: string[]): void {
  const schema = schemas.get(node.opType);
  if (!schema) return;
  const sides = [['input', node.inputs, schema.inputs] as const, ['output', node.outputs, schema.outputs] as const];
  for (const [side, names, [least, most]] of sides) {
    const given = names.length;
    // An empty name stands for an omitted optional input or output.
    const missing = given < least || names.slice(0, least).includes('');
    if (missing) problems.push(`${describe(node)} lacks an ${side} that it needs.`);
    if (given > most) problems.push(`${describe(node)} has ${given} ${side}s, but takes at most ${most}.`);
  }
}

const bodies: Readonly<Record<string, readonly string[]>> = {
  If: ['then_branch', 'else_branch'],
  Loop: ['body'],
  Scan: ['body'],
};

/** Control flow passes values to its bodies by position, so the counts must match (ONNX operators If, Loop, Scan). */
function checkBodies(node: Node, problems: string[]): void {
  const [inputs, outputs] =
    node.opType === 'If'
      ? [0, node.outputs.length]
      : [node.inputs.length, node.outputs.length + (node.opType === 'Loop' ? 1 : 0)];
  for (const name of bodies[node.opType] ?? []) {
    const body = attribute(node, name, 'graph');
    if (!body) continue;
    if (body.inputs.length !== inputs || body.outputs.length !== outputs) {
      problems.push(
        `${describe(node)} needs ${inputs} inputs and ${outputs} outputs in its ${name}, which has ${body.inputs.length} and ${body.outputs.length}.`,
      );
    }
  }
}
