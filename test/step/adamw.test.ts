/** AdamW in the graph against torch.optim.AdamW (2.13): five updates with clipping, weight decay, a tiny and a zero gradient. */
import { expect, it } from 'vitest';
import { Builder } from '../../src/onnx/graph/builder.ts';
import { float32 } from '../../src/onnx/graph/tensor.ts';
import { adamScalars, adamw } from '../../src/step/adamw.ts';
import { Session } from '../../src/runtime/session.ts';

const settings = { betas: [0.9, 0.98] as const, epsilon: 1e-6, weightDecay: 0.1 };

it('takes torch’s steps', async () => {
  const b = new Builder();
  const vector = (name: string) => b.input(name, 'float32', [4]);
  const scalar = (name: string) => b.input(name, 'float32', []);
  const next = adamw(
    b,
    { weight: vector('w'), mean: vector('m'), square: vector('v') },
    vector('g'),
    settings.betas,
    { decay: scalar('decay'), rate: scalar('rate'), epsilon: scalar('epsilon') },
    scalar('clip'),
    'layer',
  );
  b.output(next.weight, 'w2');
  b.output(next.mean, 'm2');
  b.output(next.square, 'v2');
  const session = await Session.create({ graph: b.graph('adamw'), opsets: new Map([['', 20]]) }, { device: 'cpu' });
  let state = { w: [0.5, -0.3, 0.001, 2], m: [0, 0, 0, 0], v: [0, 0, 0, 0] };
  const weights: number[][] = [];
  for (let step = 1; step <= 5; step++) {
    const g = [0.1 * step, -0.02 / step, 1e-5 * step, 0];
    const clip = Math.min(1, 0.25 / (Math.hypot(...g) + 1e-6));
    const scalars = Object.fromEntries(
      Object.entries({ ...adamScalars(settings, 1e-2, step), clip }).map(([name, value]) => [
        name,
        float32([value], []),
      ]),
    );
    const results = await session.run({
      ...Object.fromEntries(Object.entries(state).map(([name, values]) => [name, float32(values)])),
      ...scalars,
      g: float32(g),
    });
    const read = (name: string) => [...(results[name]!.tensor.data as Float32Array)];
    state = { w: read('w2'), m: read('m2'), v: read('v2') };
    weights.push(state.w);
  }
  await session.dispose();
  const torch = [
    [0.48950010538101196, -0.2897005081176758, -0.008091908879578114, 1.9980000257492065],
    [0.44856223464012146, -0.25579318404197693, -0.04512273892760277, 1.9900201559066772],
  ];
  [weights[0]!, weights[4]!].forEach((row, k) =>
    row.forEach((w, i) => expect(Math.abs(w - torch[k]![i]!)).toBeLessThan(1e-6)),
  );
});
