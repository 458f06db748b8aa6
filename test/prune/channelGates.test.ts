/**
 * The mixture of channel-wise candidates against its definition, candidate by candidate, and its gradients against central differences
 * along random directions; for channels on either axis and for a kernel.
 */
import { describe, expect, test } from 'vitest';
import { Builder } from '../../src/onnx/graph/builder.ts';
import { float32, sizeOf } from '../../src/onnx/graph/tensor.ts';
import { channelGradients, mixChannels } from '../../src/prune/channelGates.ts';
import { Random } from '../../src/base/random.ts';
import { Session } from '../../src/runtime/session.ts';

const counts = [2, 5, 8];
const temperature = 0.7;
const pressure = 0.03;

const cases = [
  { title: 'output features in columns', dims: [6, 8], axis: 1 },
  { title: 'output features in rows', dims: [8, 6], axis: 0 },
  { title: 'a kernel', dims: [8, 3, 2], axis: 0 },
];

describe.each(cases)('$title', ({ dims, axis }) => {
  const random = Random.seeded(11);
  const draw = (count: number) => Float32Array.from({ length: count }, () => random.normal());
  const point = { weight: draw(sizeOf(dims)), logits: draw(3) };
  const noise = draw(3);
  const gradient = draw(sizeOf(dims));
  const ranks = Float32Array.from(random.shuffled([0, 1, 2, 3, 4, 5, 6, 7]));

  async function session() {
    const b = new Builder();
    const gate = {
      weight: b.input('weight', 'float32', dims),
      axis,
      ranks: b.input('ranks', 'float32', [8]),
      counts: b.input('counts', 'float32', [3]),
      logits: b.input('logits', 'float32', [3]),
      noise: b.input('noise', 'float32', [3]),
      temperature: b.input('temperature', 'float32', []),
    };
    const { mixed, kept, mixture } = mixChannels(b, gate, 'layer');
    const incoming = b.input('gradient', 'float32', dims);
    const found = channelGradients(b, gate, mixture, incoming, b.input('pressure', 'float32', []), 'layer');
    b.output(mixed, 'mixed');
    b.output(kept, 'kept');
    b.output(found.weight, 'dW');
    b.output(found.squares, 'squares');
    b.output(found.logits, 'dlogits');
    const made = await Session.create({ graph: b.graph('g'), opsets: new Map([['', 20]]) }, { device: 'cpu' });
    return async (at: typeof point) => {
      const results = await made.run({
        weight: float32(at.weight, dims),
        logits: float32(at.logits),
        noise: float32(noise),
        counts: float32(counts),
        ranks: float32(ranks),
        temperature: float32([temperature], []),
        gradient: float32(gradient, dims),
        pressure: float32([pressure], []),
      });
      return (name: string) => Array.from(results[name]!.tensor.data as Float32Array);
    };
  }

  test('mixes the candidates by their shares', async () => {
    const of = await (await session())(point);
    const exponents = counts.map((_, i) => Math.exp((point.logits[i]! + noise[i]!) / temperature));
    const shares = exponents.map((x) => x / exponents.reduce((a, b) => a + b));
    const stride = sizeOf(dims.slice(axis + 1));
    const expected = Array.from(point.weight, (weight, at) => {
      const channel = Math.floor(at / stride) % 8;
      // Each candidate by itself: its first channels by rank, no others.
      return counts.reduce((sum, count, i) => sum + shares[i]! * (ranks[channel]! < count ? weight : 0), 0);
    });
    of('mixed').forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
    const sizes = counts.map((count) => (count * sizeOf(dims)) / 8);
    expect(of('kept')[0]).toBeCloseTo(
      sizes.reduce((sum, size, i) => sum + size * shares[i]!, 0),
      3,
    );
  });

  test.each(['weight', 'logits'] as const)('the gradient for the %s is that of central differences', async (name) => {
    const run = await session();
    const loss = async (h: number, direction: Float32Array) => {
      const moved = { ...point, [name]: point[name].map((x, i) => x + h * direction[i]!) };
      const of = await run(moved);
      return of('mixed').reduce((sum, value, i) => sum + value * gradient[i]!, pressure * of('kept')[0]!);
    };
    const found = (await run(point))(name === 'weight' ? 'dW' : 'dlogits');
    for (let trial = 0; trial < 3; trial++) {
      const direction = draw(point[name].length);
      const h = 0.02;
      const near = (await loss(h, direction)) - (await loss(-h, direction));
      const far = (await loss(2 * h, direction)) - (await loss(-2 * h, direction));
      const numeric = (8 * near - far) / (12 * h);
      const own = found.reduce((sum, g, i) => sum + g * direction[i]!, 0);
      const scale = Math.hypot(...found) * Math.hypot(...direction);
      expect(Math.abs(own - numeric) / scale).toBeLessThan(1e-3);
    }
    const squares = found.reduce((sum, g) => sum + g * g, 0);
    if (name === 'weight') expect((await run(point))('squares')[0]! / squares).toBeCloseTo(1, 5);
  });
});
