/** Compares an operator's gradient rule with central differences of the operator as onnxruntime computes it. */

import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { backward } from '../../src/autodiff/backward.ts';
import { Builder } from '../../src/onnx/graph/builder.ts';
import type { Operand, Value } from '../../src/onnx/graph/value.ts';
import { encodeModel } from '../../src/onnx/file/encode.ts';
import type { Attributes } from '../../src/onnx/graph/graph.ts';
import { sizeOf } from '../../src/onnx/graph/tensor.ts';

/** The element type the operator itself is run in; its gradient is always float32. */
export type Precision = 'float32' | 'float64';

/** One operator with one way to use it. */
export interface Row {
  readonly op: string;
  readonly case: string;
  /** Shapes of the inputs that are checked. */
  readonly shapes: readonly (readonly number[])[];
  readonly attributes?: Attributes;
  /** All inputs in the operator's order, when there are more than those checked. */
  readonly operands?: (b: Builder, checked: readonly Value[], precision: Precision) => readonly Operand[];
  readonly outputs?: number;
  /** The value of an element drawn from a standard normal distribution: keeps inputs off the kinks. */
  readonly domain?: (drawn: number) => number;
  /** float32 where onnxruntime has no double kernel. */
  readonly precision?: Precision;
}

export interface Comparison {
  readonly input: number;
  /** The difference of the two directional derivatives, over the largest that this direction could have. */
  readonly error: number;
}

/** The gradient of each checked input along one random direction, against the fourth-order central difference. */
export async function compare(row: Row, seed: number): Promise<readonly Comparison[]> {
  const precision = row.precision ?? 'float64';
  const random = normal(seed);
  const draw = (dims: readonly number[], shape = (x: number): number => x): number[] =>
    Array.from({ length: sizeOf(dims) }, () => Math.fround(shape(random())));
  const points = row.shapes.map((dims) => draw(dims, row.domain));
  const directions = row.shapes.map((dims) => draw(dims));

  const forward = new Builder();
  const outputs = apply(row, forward, precision);
  outputs.forEach((value, i) => forward.output(value, `y${i}`));
  const weights = outputs.map((value) => draw(value.dims));
  const run = await session(forward);
  const loss = async (inputs: readonly (readonly number[])[]): Promise<number> => {
    const results = await run(feeds(row, inputs, precision));
    return sum(weights.map((weight, i) => dot(weight, results[`y${i}`]!)));
  };

  const gradients = await gradientsOf(row, points, weights);
  const step = precision === 'float64' ? 1e-3 : 2e-2;
  const comparisons: Comparison[] = [];
  for (const [input, direction] of directions.entries()) {
    const at = (h: number): Promise<number> =>
      loss(points.map((point, i) => (i === input ? point.map((x, j) => x + h * direction[j]!) : point)));
    const near = (await at(step)) - (await at(-step));
    const far = (await at(2 * step)) - (await at(-2 * step));
    const numeric = (8 * near - far) / (12 * step);
    const gradient = gradients[input]!;
    const scale = Math.sqrt(dot(gradient, gradient) * dot(direction, direction));
    const difference = Math.abs(dot(gradient, direction) - numeric);
    comparisons.push({ input, error: difference === 0 ? 0 : difference / Math.max(scale, Math.abs(numeric), 1e-3) });
  }
  return comparisons;
}

/** The gradients of Σ weights·outputs by the rules, run by onnxruntime. @throws if a gradient has another shape than its input. */
async function gradientsOf(
  row: Row,
  points: readonly (readonly number[])[],
  weights: readonly (readonly number[])[],
): Promise<readonly (readonly number[])[]> {
  const b = new Builder();
  const outputs = apply(row, b, 'float32');
  const checked = b.graphInputs.slice(0, row.shapes.length);
  const seeds = new Map(outputs.map((value, i) => [value, b.input(`g${i}`, 'float32', value.dims)]));
  const found = backward(b, seeds, checked);
  const zeros = row.shapes.map((dims) => new Array<number>(sizeOf(dims)).fill(0));
  found.forEach((gradient, value) => b.output(gradient, `d${value.name}`));
  const run = await session(b);
  const results = await run({
    ...feeds(row, points, 'float32'),
    ...named(
      'g',
      weights.map((weight, i) => tensorOf(weight, outputs[i]!.dims, 'float32')),
    ),
  });
  return checked.map((value, i) => {
    const gradient = found.get(value);
    if (!gradient) return zeros[i]!;
    const result = results[`d${value.name}`]!;
    const fits = gradient.dims.join() === value.dims.join() && result.length === sizeOf(value.dims);
    if (!fits) throw new Error(`gradient [${gradient.dims.join()}] of input ${i} [${value.dims.join()}]`);
    return result;
  });
}

/** Adds the row's operator, its floating-point outputs being what is checked. */
function apply(row: Row, b: Builder, precision: Precision): readonly Value[] {
  const checked = row.shapes.map((dims, i) => b.input(`x${i}`, precision, dims));
  const operands = row.operands?.(b, checked, precision) ?? checked;
  const outputs = b.ops(row.op, operands, row.outputs ?? 1, row.attributes);
  return outputs.filter((value) => value.type === 'float32' || value.type === 'float64');
}

/** A constant in the type the operator runs in. */
export function constant(b: Builder, precision: Precision, values: readonly number[], dims = [values.length]): Value {
  const data = precision === 'float64' ? Float64Array.from(values) : Float32Array.from(values);
  return b.constant({ type: precision, dims, data });
}

type Feeds = Readonly<Record<string, OrtTensor>>;

function feeds(row: Row, values: readonly (readonly number[])[], precision: Precision): Feeds {
  return named(
    'x',
    values.map((value, i) => tensorOf(value, row.shapes[i]!, precision)),
  );
}

function named(prefix: string, tensors: readonly OrtTensor[]): Feeds {
  return Object.fromEntries(tensors.map((tensor, i) => [`${prefix}${i}`, tensor]));
}

function tensorOf(values: readonly number[], dims: readonly number[], precision: Precision): OrtTensor {
  const data = precision === 'float64' ? Float64Array.from(values) : Float32Array.from(values);
  return new OrtTensor(precision, data, dims);
}

/** Runs the built graph; outputs as numbers, by name. */
export async function session(b: Builder): Promise<(feeds: Feeds) => Promise<Record<string, number[]>>> {
  const bytes = encodeModel({ graph: b.graph('check'), opsets: new Map([['', 20]]) });
  const made = await InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  return async (given) => {
    const results = await made.run(given);
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, Array.from(tensor.data as ArrayLike<number>, Number)]),
    );
  };
}

/** Standard normal numbers from a seed (mulberry32 and Box–Muller). */
function normal(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

function dot(left: readonly number[], right: readonly number[]): number {
  return sum(left.map((x, i) => x * right[i]!));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, x) => total + x, 0);
}
