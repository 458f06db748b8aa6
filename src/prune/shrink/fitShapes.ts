/** Rewrites the shapes that an exporter stored in a graph, after its channels have become fewer. */

import { uniqueName } from '../../onnx/graph/uniqueName.ts';
import {
  attribute,
  describe,
  int,
  ints,
  intAttribute,
  intsAttribute,
  type Attribute,
  type Node,
} from '../../onnx/graph/graph.ts';
import { int64, toNumbers, type Tensor } from '../../onnx/graph/tensor.ts';
import type { Trace } from '../../onnx/infer/trace.ts';

/** A trial with one size of inputs: the values' shapes before, the wanted ones, and the present ones for the nodes seen so far. */
export interface Trial {
  readonly before: Trace;
  /** The wanted shape of a value; undefined if unknown. */
  readonly wanted: (name: string) => readonly number[] | undefined;
  readonly now: Trace;
}

export interface FittedGraph {
  readonly nodes: readonly Node[];
  /** New constants, by name. */
  readonly constants: ReadonlyMap<string, Tensor>;
}

/**
 * Updates every stored shape, piece length and group count that depends on the removed groups. A number that the graph computes from other values
 * is kept, and scaled if it does not follow by itself.
 * @param nodes in order; their stored tensors are cut already, and known to the trials.
 * @param traced the same nodes as traces read them.
 * @param free values that may have another shape than before.
 * @param taken names that are in use.
 * @throws Error naming the node if the new shapes are impossible, or would not hold for inputs of any size.
 */
export function fitShapes(
  nodes: readonly Node[],
  traced: readonly Node[],
  trials: readonly Trial[],
  free: ReadonlySet<string>,
  taken: ReadonlySet<string>,
): FittedGraph {
  return new Fitting(trials, free, taken).fit(nodes, traced);
}

class Fitting {
  private readonly trials: readonly Trial[];
  private readonly free: ReadonlySet<string>;
  private readonly taken: Set<string>;
  private readonly written: Node[] = [];
  private readonly constants = new Map<string, Tensor>();
  private readonly made = new Map<string, string>();

  constructor(trials: readonly Trial[], free: ReadonlySet<string>, taken: ReadonlySet<string>) {
    this.trials = trials;
    this.free = free;
    this.taken = new Set(taken);
  }

  fit(nodes: readonly Node[], traced: readonly Node[]): FittedGraph {
    for (const [i, node] of nodes.entries()) {
      if (this.pinned(node)) continue;
      this.add(traced[i] ?? node);
      if (this.fits(node)) {
        this.written.push(node);
        continue;
      }
      const fitted = this.fitted(node);
      this.add(fitted);
      if (!this.fits(fitted)) throw cannot(node, 'its output does not get the shape that it needs');
      this.written.push(fitted);
    }
    return { nodes: this.written, constants: this.constants };
  }

  private add(node: Node): void {
    for (const { now } of this.trials) now.add(node);
  }

  private fits({ outputs }: Node): boolean {
    return outputs.every(
      (name) =>
        name === '' ||
        this.free.has(name) ||
        this.trials.every(({ wanted, now }) => {
          const dims = wanted(name);
          return dims === undefined || now.value(name)?.dims.join() === dims.join();
        }),
    );
  }

  /** A float that is derived from a shape keeps its value, such as the scale of an attention. */
  private pinned(node: Node): boolean {
    const [input = ''] = node.inputs;
    const [output = ''] = node.outputs;
    if (node.opType !== 'Cast') return false;
    const pairs = this.trials.map(({ before, now }) => [before.value(input)?.constant, now.value(input)?.constant]);
    if (pairs.every(([was, is]) => !was || !is || equal(was, is))) return false;
    const [first, ...others] = this.trials.map(({ before }) => before.value(output)?.constant);
    if (!first?.type.includes('float')) return false;
    if (!others.every((other) => other && equal(first, other))) throw cannot(node, 'it computes with a changed shape');
    this.define(output, first);
    return true;
  }

  private fitted(node: Node): Node {
    switch (node.opType) {
      case 'Reshape':
      case 'Expand':
        return withInput(
          node,
          1,
          this.scaled(node, 1, (trial) => this.shapeOf(node, trial)),
        );
      case 'Split':
        return this.fittedSplit(node);
      case 'Slice':
        return this.fittedSlice(node);
      case 'Conv':
        return this.withGroups(node);
      default:
        throw cannot(node, 'Pinch cannot change its shape');
    }
  }

  /** The wanted shape of a Reshape or Expand; dimensions that need no number are unchanged. */
  private shapeOf(node: Node, { wanted, now }: Trial): readonly number[] | undefined {
    const dims = wanted(node.outputs[0] ?? '');
    const stated = this.numbers(node.inputs[1] ?? '', now);
    const input = now.value(node.inputs[0] ?? '')?.dims;
    if (!dims || !stated || !input) return undefined;
    const copies = node.opType === 'Reshape' && intAttribute(node, 'allowzero', 0) === 0;
    const missing = dims.length - stated.length;
    return stated.map((number, i) => {
      const dim = dims[i + missing] ?? 1;
      if (number === -1 || (copies && number === 0 && input[i] === dim)) return number;
      // In an Expand, 1 leaves the dimension unchanged.
      return node.opType === 'Expand' && number === 1 ? 1 : dim;
    });
  }

  /** Lengths of the pieces: an input since opset 13, an attribute before. */
  private fittedSplit(node: Node): Node {
    const lengthsIn = ({ wanted }: Trial): number[] | undefined => {
      const shapes = node.outputs.map(wanted);
      const axis = intAttribute(node, 'axis', 0);
      const lengths = shapes.map((dims) => dims?.at(axis));
      return lengths.every((length) => length !== undefined) ? lengths : undefined;
    };
    if (node.inputs[1]) return withInput(node, 1, this.scaled(node, 1, lengthsIn));
    if (!intsAttribute(node, 'split')) throw cannot(node, 'its pieces would not be of one length');
    return withAttribute(node, 'split', ints(this.constantOver(node, lengthsIn)));
  }

  private fittedSlice(node: Node): Node {
    if (attribute(node, 'starts', 'ints')) {
      const starts = this.constantOver(node, (trial) => this.bounds(node, trial, intsAttribute(node, 'starts')));
      const ends = this.constantOver(node, (trial) => this.bounds(node, trial, intsAttribute(node, 'ends')));
      return withAttribute(withAttribute(node, 'starts', ints(starts)), 'ends', ints(ends));
    }
    return [1, 2].reduce(
      (fitted, input) =>
        withInput(
          fitted,
          input,
          this.scaled(node, input, (trial) =>
            this.bounds(node, trial, this.numbers(node.inputs[input] ?? '', trial.now)),
          ),
        ),
      node,
    );
  }

  /** Bounds of a slice, scaled with the axis. Those beyond its end mean the end, before and after. */
  private bounds(node: Node, trial: Trial, stated: readonly number[] | undefined): number[] | undefined {
    const [name = ''] = node.inputs;
    const before = trial.before.value(name)?.dims;
    const now = trial.now.value(name)?.dims;
    const axes = intsAttribute(node, 'axes') ?? (node.inputs[3] ? this.numbers(node.inputs[3], trial.now) : undefined);
    if (!before || !now || !stated) return undefined;
    return stated.map((bound, i) => {
      const axis = axes?.[i] ?? i;
      const [was, is] = [before.at(axis) ?? 1, now.at(axis) ?? 1];
      return Math.abs(bound) > was || was === is ? bound : (bound * is) / was;
    });
  }

  private withGroups(node: Node): Node {
    const [groups = 1] = this.constantOver(node, ({ now }) => now.value(node.inputs[0] ?? '')?.dims.slice(1, 2));
    return withAttribute(node, 'group', int(groups));
  }

  /** The name of an input with the wanted numbers: a constant, or the computed value times a fraction. */
  private scaled(node: Node, input: number, wantedIn: (trial: Trial) => readonly number[] | undefined): string {
    const name = node.inputs[input] ?? '';
    const pairs = this.trials.map((trial) => {
      const [is, wanted] = [this.numbers(name, trial.now), wantedIn(trial)];
      if (!is || is.length !== wanted?.length) throw cannot(node, 'its shape depends on data');
      return { is, wanted };
    });
    const [first] = pairs;
    if (!first) return name;
    if (pairs.every(({ is, wanted }) => is.join() === first.is.join() && wanted.join() === first.wanted.join())) {
      return this.constant(first.wanted);
    }
    const fractions = first.is.map((number, i) => fraction(first.wanted[i] ?? 1, number));
    const holds = pairs.every(({ is, wanted }) =>
      fractions.every(({ times, over }, i) => (is[i] ?? 1) * times === (wanted[i] ?? 1) * over),
    );
    if (!holds) throw cannot(node, 'its new shape does not follow from the old one');
    const times = this.constant(fractions.map((part) => part.times));
    const over = this.constant(fractions.map((part) => part.over));
    const product = this.computed('Mul', name, times);
    return this.computed('Div', product, over);
  }

  private constantOver(node: Node, wantedIn: (trial: Trial) => readonly number[] | undefined): readonly number[] {
    const [first, ...others] = this.trials.map(wantedIn);
    if (!first || others.some((other) => other?.join() !== first.join()))
      throw cannot(node, 'its shape depends on data');
    return first;
  }

  /** The elements of an integer vector. "To the end" is written as the largest integer, which a JavaScript number cannot hold exactly. */
  private numbers(name: string, trace: Trace): number[] | undefined {
    const constant = trace.value(name)?.constant;
    const most = Number.MAX_SAFE_INTEGER;
    return constant && toNumbers(constant).map((number) => Math.max(-most, Math.min(most, number)));
  }

  private constant(numbers: readonly number[]): string {
    return this.once(`shape ${numbers.join()}`, `shape_${numbers.join('_').replaceAll('-', 'm')}`, (name) =>
      this.define(name, int64(numbers)),
    );
  }

  private computed(opType: string, a: string, b: string): string {
    return this.once(`${opType} ${a} ${b}`, `${a}_${opType.toLowerCase()}`, (name) => {
      const node: Node = { opType, domain: '', name, inputs: [a, b], outputs: [name], attributes: {} };
      this.add(node);
      this.written.push(node);
    });
  }

  private once(key: string, wanted: string, make: (name: string) => void): string {
    const held = this.made.get(key);
    if (held !== undefined) return held;
    const name = uniqueName(wanted, this.taken);
    this.made.set(key, name);
    make(name);
    return name;
  }

  private define(name: string, tensor: Tensor): void {
    this.constants.set(name, tensor);
    for (const { now } of this.trials) now.define(name, tensor);
  }
}

/** a / b in lowest terms. */
function fraction(a: number, b: number): { readonly times: number; readonly over: number } {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y > 0) [x, y] = [y, x % y];
  const common = x === 0 ? 1 : x;
  return b < 0 ? { times: -a / common, over: -b / common } : { times: a / common, over: b / common };
}

function equal(a: Tensor, b: Tensor): boolean {
  return toNumbers(a).join() === toNumbers(b).join();
}

function withInput(node: Node, input: number, name: string): Node {
  return { ...node, inputs: node.inputs.with(input, name) };
}

function withAttribute(node: Node, name: string, value: Attribute): Node {
  return { ...node, attributes: { ...node.attributes, [name]: value } };
}

function cannot(node: Node, why: string): Error {
  return new Error(`${describe(node)}: the model cannot be shrunk here, because ${why}`);
}
