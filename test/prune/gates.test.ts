/**
 * The gates' nodes against method.md's formulas written out in float64: masks and counts, straight-through gradients for weights and
 * threshold, the sparsity term; on matrices small enough for one pass and large enough for tiles.
 */
import { describe, expect, it } from 'vitest';
import { Builder } from '../../src/onnx/graph/builder.ts';
import { float32 } from '../../src/onnx/graph/tensor.ts';
import { tileDims } from '../../src/onnx/passes/tiles.ts';
import { closeGate, gateGradients, keepZeros, sparsityLoss } from '../../src/prune/gates.ts';
import { Session } from '../../src/runtime/session.ts';

const tau = 0.1;
const threshold = 0.7;
const pressure = 0.02;

/** Deterministic numbers that look like weights: mean 0, a few of them exactly at the threshold's edge. */
function noise(length: number, scale: number, phase: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => scale * Math.sin(i * 12.9898 + phase) * Math.cos(i * 0.37));
}

async function gate(dims: readonly number[]) {
  const length = dims.reduce((a, b) => a * b, 1);
  const weight = noise(length, 0.08, 1);
  const gradient = noise(length, 0.5, 2);
  const rms = Math.fround(Math.sqrt(weight.reduce((sum, w) => sum + w * w, 0) / length));
  const b = new Builder();
  const inputs = {
    weight: b.input('weight', 'float32', dims),
    threshold: b.input('threshold', 'float32', []),
    rms: b.input('rms', 'float32', []),
  };
  const closed = closeGate(b, inputs, 'layer');
  const found = gateGradients(
    b,
    inputs,
    b.input('gradient', 'float32', dims),
    tau,
    b.input('pressure', 'float32', []),
    'layer',
  );
  b.output(closed.masked, 'masked');
  b.output(closed.kept, 'kept');
  b.output(found.weight, 'dW');
  b.output(found.squares, 'squares');
  b.output(found.threshold, 'dt');
  const session = await Session.create({ graph: b.graph('gate'), opsets: new Map([['', 20]]) }, { device: 'cpu' });
  const results = await session.run({
    weight: float32(weight, dims),
    gradient: float32(gradient, dims),
    threshold: float32([threshold], []),
    rms: float32([rms], []),
    pressure: float32([pressure], []),
  });
  await session.dispose();

  const t = threshold * rms;
  const width = tau * rms * rms;
  const edge = Math.fround(Math.fround(threshold * rms) ** 2);
  let slopes = 0;
  const expected = Array.from(weight, (w, i) => {
    const open = Math.fround(w * w) >= edge ? 1 : 0;
    const soft = 1 / (1 + Math.exp(-(w * w - t * t) / (2 * width)));
    const slope = ((gradient[i]! * w + pressure) * soft * (1 - soft)) / width;
    slopes += slope;
    return { masked: open ? w : 0, open, gradient: gradient[i]! * open + slope * w };
  });
  return { results, expected, dt: -slopes * t * rms };
}

const shapes = [
  { title: 'a small matrix', dims: [24, 36] },
  { title: 'a large matrix, in tiles', dims: [...tileDims(768 * 1024)!] },
];

describe('self-pinching gates', () => {
  it.each(shapes)('masks and gradients of $title', async ({ dims }) => {
    const { results, expected, dt } = await gate(dims);
    const masked = results['masked']!.tensor.data as Float32Array;
    const dW = results['dW']!.tensor.data as Float32Array;
    const largest = Math.max(...expected.slice(0, 5000).map((e) => Math.abs(e.gradient)));
    let worst = 0;
    let wrong = 0;
    expected.forEach((e, i) => {
      if (masked[i] !== e.masked) wrong++;
      worst = Math.max(worst, Math.abs(dW[i]! - e.gradient));
    });
    expect(wrong).toBe(0);
    expect(worst / largest).toBeLessThan(1e-5);
    const kept = expected.reduce((sum, e) => sum + e.open, 0);
    expect(kept).toBeGreaterThan(expected.length / 10);
    expect(kept).toBeLessThan((expected.length * 9) / 10);
    expect(results['kept']!.tensor.data[0]).toBe(kept);
    const squares = expected.reduce((sum, e) => sum + e.gradient ** 2, 0);
    expect(Math.abs(Number(results['squares']!.tensor.data[0]) / squares - 1)).toBeLessThan(1e-5);
    expect(Math.abs(Number(results['dt']!.tensor.data[0]) / dt - 1)).toBeLessThan(1e-3);
  });

  it('adds multiplier · gap + quadratic · gap² and presses on every mask alike', async () => {
    const b = new Builder();
    const scalar = (name: string) => b.input(name, 'float32', []);
    const found = sparsityLoss(b, [scalar('a'), scalar('b')], 1000, {
      target: scalar('target'),
      multiplier: scalar('multiplier'),
      quadratic: 10,
    });
    b.output(found.sparsity, 'sparsity');
    b.output(found.loss, 'loss');
    b.output(found.pressure, 'pressure');
    const session = await Session.create({ graph: b.graph('s'), opsets: new Map([['', 20]]) }, { device: 'cpu' });
    const loss = async (kept: number) => {
      const one = (value: number) => float32([value], []);
      const results = await session.run({ a: one(300), b: one(kept), target: one(0.65), multiplier: one(0.5) });
      return Object.fromEntries(Object.entries(results).map(([name, r]) => [name, Number(r.tensor.data[0])]));
    };
    const here = await loss(400);
    expect(here['sparsity']).toBeCloseTo(0.3, 6);
    expect(here['loss']).toBeCloseTo(0.5 * 0.35 + 10 * 0.35 ** 2, 5);
    // One more weight let through changes the loss by the pressure.
    const [more, less] = [await loss(405), await loss(395)];
    expect(here['pressure']).toBeCloseTo((more['loss']! - less['loss']!) / 10, 6);
    await session.dispose();
  });

  it('keeps pruned weights where they are', async () => {
    const b = new Builder();
    const found = keepZeros(b, b.input('w', 'float32', [4]), b.input('g', 'float32', [4]), 'layer');
    b.output(found.weight, 'dW');
    b.output(found.squares, 'squares');
    const session = await Session.create({ graph: b.graph('k'), opsets: new Map([['', 20]]) }, { device: 'cpu' });
    const results = await session.run({ w: float32([0, 1e-12, -3, 0]), g: float32([5, 2, -1, 7]) });
    await session.dispose();
    expect([...(results['dW']!.tensor.data as Float32Array)]).toEqual([0, 2, -1, 0]);
    expect(results['squares']!.tensor.data[0]).toBe(5);
  });
});
