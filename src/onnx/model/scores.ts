/** The kind of a model's output, logits or the result of a softmax, and the value with the logits: read from its nodes. */

import { intAttribute, intsAttribute, type Graph, type Model, type Node } from '../graph/graph.ts';
import type { OutputAxes } from './outputAxes.ts';
import { toNumbers } from '../graph/tensor.ts';

export type Scores = 'logits' | 'log-probabilities' | 'probabilities';

export interface ScoreSource {
  /** The kind of the output's numbers; undefined if the nodes do not show it. */
  readonly scores: Scores | undefined;
  /** The value before softmax and transposes; the output itself if no such nodes were found. */
  readonly value: string;
  /** The axes of that value. */
  readonly axes: OutputAxes;
}

/**
 * Goes back from an output through nodes that only move or rename its numbers, and through a softmax over the symbols.
 * @throws Error with the problem, without the file's name, if the output is normalised over another axis or symbol by symbol.
 */
export function traceScores(model: Model, output: string, axes: OutputAxes): ScoreSource {
  const producers = new Map(model.graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const moved = behindMoves(producers, { value: output, axes });
  // Log of a softmax, perhaps with a floor above zero; or a softmax as the exponential of its logarithm.
  const outer = producers.get(moved.value);
  const step = outer && isPlain(outer) && (outer.opType === 'Log' || outer.opType === 'Exp') ? outer.opType : undefined;
  let inner = moved;
  if (outer && step) inner = behindMoves(producers, { ...moved, value: outer.inputs[0] ?? '' });
  if (step === 'Log') inner = behindGuards(model.graph, producers, inner);
  const node = producers.get(inner.value);
  if (node && isPlain(node) && (node.opType === 'Softmax' || node.opType === 'LogSoftmax')) {
    const own = node.opType === 'Softmax' ? 'probabilities' : 'log-probabilities';
    const scores = scoresOf(own, step);
    if (axisOf(node, model) !== inner.axes.symbols) {
      throw new Error(
        `its output "${output}" comes from ${node.opType} "${node.name}" over another axis than that of the symbols; export the model without it.`,
      );
    }
    if (scores) return { scores, ...behindMoves(producers, { ...inner, value: node.inputs[0] ?? '' }) };
  }
  const last = producers.get(moved.value);
  if (last && isPlain(last) && symbolwise.has(last.opType)) {
    throw new Error(
      `its output "${output}" comes from ${last.opType} "${last.name}", which looks at each symbol alone; Pinch needs logits, or their softmax.`,
    );
  }
  if (last && (linear.has(last.opType) || isBias(last, model.graph))) return { scores: 'logits', ...moved };
  return { scores: undefined, value: output, axes };
}

interface LogitsPlace {
  readonly value: string;
  readonly axes: OutputAxes;
}

/** Behind these operators the numbers are logits, whatever comes before. */
const linear: ReadonlySet<string> = new Set(['MatMul', 'Gemm', 'Conv', 'Einsum', 'LayerNormalization']);

const symbolwise: ReadonlySet<string> = new Set(['Sigmoid', 'HardSigmoid']);

/** Numbers this small, added to a softmax or as its floor, only keep its logarithm finite. */
const tiny = 1e-3;

const isPlain = ({ domain }: Node): boolean => domain === '' || domain === 'ai.onnx';

function scoresOf(own: 'probabilities' | 'log-probabilities', step: 'Log' | 'Exp' | undefined): Scores | undefined {
  if (step === undefined) return own;
  if (own === 'probabilities') return step === 'Log' ? 'log-probabilities' : undefined;
  return step === 'Exp' ? 'probabilities' : undefined;
}

/** A bias that the file stores, added to a linear layer's product. */
function isBias({ opType, inputs }: Node, { initializers }: Graph): boolean {
  return opType === 'Add' && inputs.some((name) => initializers.has(name));
}

function behindMoves(producers: ReadonlyMap<string, Node>, from: LogitsPlace): LogitsPlace {
  let { value, axes } = from;
  for (;;) {
    const node = producers.get(value);
    const [input] = node?.inputs ?? [];
    if (!node || !isPlain(node) || !input || node.outputs[0] !== value) return { value, axes };
    if (node.opType === 'Transpose') {
      const order = intsAttribute(node, 'perm') ?? [2, 1, 0];
      const [batch, frames, symbols] = [order[axes.batch], order[axes.frames], order[axes.symbols]];
      if (order.length !== 3 || batch === undefined || frames === undefined || symbols === undefined) {
        return { value, axes };
      }
      axes = { batch, frames, symbols };
    } else if (!renaming.has(node.opType)) return { value, axes };
    value = input;
  }
}

/** Includes Cast, because a float32 output may have been converted from a wider or narrower type. */
const renaming: ReadonlySet<string> = new Set(['Identity', 'Cast', 'Dropout']);

/** Behind a guard that keeps a softmax from zero: a tiny number that is added, or a floor. */
function behindGuards(graph: Graph, producers: ReadonlyMap<string, Node>, from: LogitsPlace): LogitsPlace {
  const node = producers.get(from.value);
  if (!node || !isPlain(node) || !['Add', 'Max', 'Clip'].includes(node.opType)) return from;
  const small = (name: string): boolean => {
    const stored = graph.initializers.get(name) ?? constantOf(producers.get(name));
    return stored?.data.length === 1 && Math.abs(toNumbers(stored)[0] ?? Infinity) <= tiny;
  };
  const [first = '', second = ''] = node.inputs;
  if (node.opType === 'Clip' || small(second)) return behindMoves(producers, { ...from, value: first });
  return small(first) ? behindMoves(producers, { ...from, value: second }) : from;
}

function constantOf(node: Node | undefined) {
  const held = node?.opType === 'Constant' ? node.attributes['value'] : undefined;
  return held?.type === 'tensor' ? held.value : undefined;
}

/** Up to opset 12 the softmax ran over all axes from the given one on, which is 1 by default. */
function axisOf(node: Node, { opsets }: Model): number {
  const old = (opsets.get('') ?? 13) < 13;
  const axis = intAttribute(node, 'axis', old ? 1 : -1);
  return axis < 0 ? axis + 3 : axis;
}
