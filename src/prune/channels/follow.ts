/** Follows channels through a whole model, from stored tensor to stored tensor. */

import { attribute, describe, type Graph, type Model, type Node } from '../../onnx/graph/graph.ts';
import type { Tensor } from '../../onnx/graph/tensor.ts';
import { toNumbers } from '../../onnx/graph/tensor.ts';
import { Trace, traceNodes, type TraceSizes } from '../../onnx/infer/trace.ts';
import { Axes, type Axis, type ChannelAxes } from './axes.ts';
import { passOn } from './rules.ts';

/** A product that sums over an axis of a stored tensor. */
export interface Contraction {
  readonly node: Node;
  /** The stored tensor, and its axis that is summed over. */
  readonly tensor: string;
  readonly axis: Axis;
}

export interface FollowedModel {
  readonly axes: Axes;
  /** The layout of every known value, including stored tensors. */
  readonly layouts: ReadonlyMap<string, ChannelAxes>;
  readonly contractions: readonly Contraction[];
  readonly trace: Trace;
  readonly sizes: TraceSizes;
}

/** The origin of a value. */
interface Origin {
  /** Whether it depends on the elements of the model's inputs, not only on their shapes. */
  readonly live: boolean;
  /** The stored tensor behind it, perhaps in another shape or type. */
  readonly tensor?: string;
}

/** Operators that pass on a stored tensor in another shape or type. */
const views: ReadonlySet<string> = new Set([
  ...['Identity', 'Cast', 'Transpose', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten'],
]);

/** The stored tensors of a graph by name: its initializers and the values of its Constant nodes. */
export function storedTensors(graph: Graph): Map<string, Tensor> {
  const stored = new Map(graph.initializers);
  for (const node of graph.nodes) {
    const held = node.opType === 'Constant' && node.domain === '' ? attribute(node, 'value', 'tensor') : undefined;
    if (held && node.outputs[0] !== undefined) stored.set(node.outputs[0], held);
  }
  return stored;
}

/**
 * Runs nothing, and reads only the shapes of matrices. Each operator's rule tells its effect on channels; channels of an operator without a rule
 * are kept whole.
 */
export function followChannels(model: Model, sizes: TraceSizes): FollowedModel {
  const { graph } = model;
  const trace = new Trace(model, sizes);
  const axes = new Axes();
  const layouts = new Map<string, ChannelAxes>();
  const origins = new Map<string, Origin>();
  const contractions: Contraction[] = [];
  const opset = model.opsets.get('') ?? 1;

  const define = (name: string, origin: Origin, layout: ChannelAxes): void => {
    layouts.set(name, layout);
    origins.set(name, origin);
  };
  const freshLayout = (dims: readonly number[]): ChannelAxes => dims.map((dim) => axes.fresh(dim));
  for (const { name } of graph.inputs) {
    const layout = freshLayout(trace.value(name)?.dims ?? []);
    for (const axis of layout) axes.keep(axis, "are of the model's input");
    define(name, { live: true }, layout);
  }
  for (const [name, { dims }] of storedTensors(graph)) define(name, { live: false, tensor: name }, freshLayout(dims));

  for (const node of traceNodes(graph)) {
    trace.add(node);
    visit(node);
  }
  for (const { name } of graph.outputs) {
    for (const axis of layouts.get(name) ?? []) axes.keep(axis, "are of the model's output");
  }
  return { axes, layouts, contractions, trace, sizes };

  function visit(node: Node): void {
    if (node.opType === 'Constant') return;
    const where = describe(node);
    const read = node.inputs.map((name) => (name === '' ? undefined : layouts.get(name)));
    const outputs = node.outputs.map((name) => (name === '' ? undefined : trace.value(name)?.dims));
    const known = node.inputs.every((name, i) => name === '' || read[i]);
    const complete = node.outputs.every((name, i) => name === '' || outputs[i]);
    const passed =
      known && complete ? passOn({ node, axes, where, inputs: read, outputs, integers, opset, contract }) : undefined;
    const origin = originOf(node);
    if (!passed) {
      const reason = `meet ${where}, through which Pinch cannot follow them`;
      for (const name of [...node.inputs, ...readWithin(node)]) {
        for (const axis of layouts.get(name) ?? []) axes.keep(axis, reason);
      }
    }
    node.outputs.forEach((name, i) => {
      const dims = outputs[i];
      if (name === '' || !dims) return;
      const layout = passed?.[i] ?? freshLayout(dims);
      if (!passed)
        for (const axis of layout) axes.keep(axis, `come from ${where}, through which Pinch cannot follow them`);
      define(name, origin, layout);
    });

    function integers(input: number): readonly number[] | undefined {
      const constant = trace.value(node.inputs[input] ?? '')?.constant;
      return constant && toNumbers(constant);
    }

    function contract(a: number, axisOfA: number, b: number, axisOfB: number): void {
      const sides = [
        { axis: read[a]?.[axisOfA] ?? [], origin: origins.get(node.inputs[a] ?? '') },
        { axis: read[b]?.[axisOfB] ?? [], origin: origins.get(node.inputs[b] ?? '') },
      ] as const;
      axes.equate(sides[0].axis, sides[1].axis);
      const weight = sides.find((side) => side.origin?.live === false);
      if (!weight) axes.keep(sides[0].axis, `are summed over by ${where}, which multiplies two activations`);
      else if (weight.origin?.tensor === undefined) axes.keep(weight.axis, `meet computed weights in ${where}`);
      else contractions.push({ node, tensor: weight.origin.tensor, axis: weight.axis });
    }
  }

  function originOf(node: Node): Origin {
    const read = [...node.inputs, ...readWithin(node)].flatMap((name) => origins.get(name) ?? []);
    const ofShapes = node.opType === 'Shape' || node.opType === 'Size';
    const live = !ofShapes && read.some((origin) => origin.live);
    const [first] = read;
    return !live && views.has(node.opType) && first?.tensor !== undefined ? { live, tensor: first.tensor } : { live };
  }
}

/** Names that the subgraphs of a node read, including their own. */
function readWithin(node: Node): string[] {
  return Object.values(node.attributes).flatMap((held) =>
    held.type === 'graph'
      ? [
          ...held.value.outputs.map(({ name }) => name),
          ...held.value.nodes.flatMap((inner) => [...inner.inputs, ...readWithin(inner)]),
        ]
      : [],
  );
}
