/** Measures a device's costs, under the present load, for the three quantities that the time of a graph is estimated from. */

import { performance } from 'node:perf_hooks';
import { Builder } from '../onnx/graph/builder.ts';
import type { Value } from '../onnx/graph/value.ts';
import { float32, type Tensor } from '../onnx/graph/tensor.ts';
import { Session, type Device } from './session.ts';

/** Seconds each. */
export interface UnitCosts {
  /** A floating-point operation in a matrix product. */
  readonly operation: number;
  /** A byte that an operator reads or writes. */
  readonly byte: number;
  /** The start of an operator without work. */
  readonly node: number;
}

export interface Measured {
  /** For comparing devices: floating-point operations per second in the fastest run. */
  readonly speed: number;
  /** For estimating time: means, because other load on the machine also slows a run down. */
  readonly units: UnitCosts;
}

/** Side of the square matrices that are multiplied to try a device. */
const side = 512;
const products = 4;
/** Number of moved elements: more than caches hold. */
const elements = 2 ** 22;
const moves = 4;
const starts = 400;
/** Milliseconds in which a graph is run repeatedly. */
const trying = { products: 300, moves: 150, starts: 80 };

/** Runs three small graphs for half a second in all. @throws Error with onnxruntime's reason, or if the device computes wrong results. */
export async function measureUnits(device: Device): Promise<Measured> {
  const multiplied = await time(device, trying.products, [side, side], 1 / side, products, (b, x, last) =>
    b.op('MatMul', [last, x]),
  );
  // With every element 1/n, the powers of the matrix equal the matrix itself.
  if (Math.abs(multiplied.sum - side) > 0.01 * side) throw new Error('it computes wrong results');
  const moved = await time(device, trying.moves, [elements], 0, moves, (b, x, last) => b.op('Add', [last, x]));
  const started = await time(device, trying.starts, [16], 0, starts, (b, x, last) => b.op('Add', [last, x]));
  const node = started.mean / starts;
  const operations = products * 2 * side ** 3;
  const bytes = moves * 3 * 4 * elements;
  return {
    speed: operations / multiplied.fastest,
    units: {
      operation: multiplied.mean / operations,
      byte: Math.max(0, moved.mean - moves * node) / bytes,
      node,
    },
  };
}

/** Seconds of a graph with `count` operators in a row. The result is summed, so that little data comes back. */
async function time(
  device: Device,
  milliseconds: number,
  dims: readonly number[],
  fill: number,
  count: number,
  operator: (b: Builder, x: Value, last: Value) => Value,
): Promise<{ readonly sum: number; readonly fastest: number; readonly mean: number }> {
  const b = new Builder();
  const x = b.input('x', 'float32', dims);
  let last = x;
  for (let i = 0; i < count; i++) last = operator(b, x, last);
  b.output(b.op('ReduceSum', [last]), 'sum');
  const session = await Session.create({ graph: b.graph('probe'), opsets: new Map([['', 20]]) }, { device });
  try {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const feeds: Record<string, Tensor> = { x: float32(new Float32Array(size).fill(fill), dims) };
    const sum = Number((await session.run(feeds))['sum']?.tensor.data[0]);
    let fastest = Infinity;
    let runs = 0;
    const began = performance.now();
    while (runs < 3 || performance.now() - began < milliseconds) {
      const start = performance.now();
      await session.run(feeds);
      fastest = Math.min(fastest, performance.now() - start);
      runs += 1;
    }
    return { sum, fastest: fastest / 1000, mean: (performance.now() - began) / runs / 1000 };
  } finally {
    await session.dispose();
  }
}
