/**
 * A whole training step that searches among channels: its gradients for what it learns of its candidates, and for the weights behind the
 * mixture, against central differences of the loss that it reports.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { float32, type Tensor } from '../../../src/onnx/graph/tensor.ts';
import { defaultSettings } from '../../../src/protocol/settings.ts';
import { Random } from '../../../src/base/random.ts';
import { stateNames } from '../../../src/state/stateNames.ts';
import type { TrainedParameter } from '../../../src/state/parameter.ts';
import { channelSearch } from '../../../src/train/methods/channelSearch.ts';
import { TrainingSession } from '../../../src/step/trainingSession.ts';
import { noiseBatch, toyModel } from '../../train/toy.ts';

const parameters: TrainedParameter[] = [
  { initializer: 'conv', dims: [16, 1, 320], trained: false },
  { initializer: 'dense0', dims: [16, 32], trained: true, gate: 0, channelAxis: 1 },
  { initializer: 'bias0', dims: [32], trained: true },
  { initializer: 'dense1', dims: [32, 32], trained: true, gate: 1, channelAxis: 1 },
  { initializer: 'head', dims: [32, 5], trained: true },
];
const method = channelSearch(defaultSettings);
const model = toyModel();
const random = Random.seeded(21);
const batch = noiseBatch(random);
const scalars = {
  step: 1,
  part: 1,
  learningRate: 0,
  gateLearningRate: 0,
  temperature: 0.6,
  sparsityTarget: 0.75,
  multiplier: 0.3,
  update: true,
};

let session: TrainingSession;
let start: Map<string, Tensor>;
beforeAll(async () => {
  const weights = new Map([...model.graph.initializers].map(([name, t]) => [name, { ...t, data: t.data.slice() }]));
  const state = method.begin(parameters, weights);
  const logits = state.get(stateNames.architecture)!;
  (logits.data as Float32Array).set(Float32Array.from({ length: logits.data.length }, () => random.normal()));
  session = new TrainingSession(
    {
      model,
      parameters,
      layers: [
        { name: 'a', size: 16 * 32 },
        { name: 'b', size: 32 * 32 },
      ],
      audioInput: 'input_values',
      maskInput: undefined,
      logitsOutput: 'logits',
      blank: 0,
      frames: (length) => Math.floor((length - 320) / 160) + 1,
      device: 'cpu',
      threads: 1,
      settings: {
        optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, clipNorm: 1e9 },
        tau: 0.1,
        quadratic: 10,
        accumulate: 1,
        dropout: 0,
      },
      candidates: method.search?.candidates,
      seed: 5,
      gates: 'learning',
    },
    state,
  );
  await session.compile(batch.shape);
  start = new Map([...state].map(([name, t]) => [name, { ...t, data: t.data.slice() }]));
});
afterAll(() => session.dispose());

function writeState(state: Iterable<readonly [string, Tensor]>): void {
  const changes = Array.from(state, ([name, { data }]) => ({
    names: [name],
    write: ([into]: readonly Float32Array[]) => into!.set(data as Float32Array),
  }));
  session.changeState(changes);
}

/** The reported loss with one tensor of the state moved along a direction, and what is held afterwards. */
async function lossAt(name: string, direction: Float32Array, h: number): Promise<number> {
  const moved = (start.get(name)!.data as Float32Array).map((x, i) => x + h * direction[i]!);
  writeState([...start, [name, float32(moved, start.get(name)!.dims)]]);
  return (await session.step(batch, scalars)).loss;
}

test.each([stateNames.architecture, stateNames.weight('dense0'), stateNames.weight('dense1')])(
  'the gradient of %s',
  async (name) => {
    const size = start.get(name)!.data.length;
    await lossAt(name, new Float32Array(size), 0);
    // After the first update the running mean, held without its factor, is the gradient itself.
    const mean = name === stateNames.architecture ? stateNames.architectureMean : name.replace('weight/', 'adam.m/');
    const gradient = ((await session.readState()).get(mean)!.data as Float32Array).slice();
    expect(Math.hypot(...gradient)).toBeGreaterThan(1e-3);
    for (let trial = 0; trial < 3; trial++) {
      const direction = Float32Array.from({ length: size }, () => random.normal() / Math.sqrt(size));
      const h = 0.05;
      const near = (await lossAt(name, direction, h)) - (await lossAt(name, direction, -h));
      const far = (await lossAt(name, direction, 2 * h)) - (await lossAt(name, direction, -2 * h));
      const numeric = (8 * near - far) / (12 * h);
      const own = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
      expect(Math.abs(own - numeric) / Math.hypot(...gradient)).toBeLessThan(2e-3);
    }
  },
);

test('reports the expected sparsity of each layer, and the term that holds the target', async () => {
  writeState(start);
  const { sparsity, layers, loss, ctcLoss } = await session.step(batch, scalars);
  const sizes = [512, 1024];
  expect(layers.sparsities).toHaveLength(2);
  for (const own of layers.sparsities) expect(own).toBeGreaterThan(0);
  const whole = layers.sparsities.reduce((sum, own, i) => sum + own * sizes[i]!, 0) / 1536;
  expect(sparsity).toBeCloseTo(whole, 5);
  const gap = 0.75 - sparsity;
  expect(loss - ctcLoss).toBeCloseTo(0.3 * gap + 10 * gap * gap, 4);
});
