/**
 * Groups that leave a model in training: the step after is the step that would have been, for gates of units alone, together with gates of
 * weights, and once they rest; and what is long dead is told from what is not.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/onnx/file/load.ts';
import { rewriteFile } from '../../src/onnx/file/rewriteFile.ts';
import { saveModel } from '../../src/onnx/file/save.ts';
import { float32, type Tensor } from '../../src/onnx/graph/tensor.ts';
import { completeSettings, type RunSettings } from '../../src/protocol/settings.ts';
import { Random } from '../../src/base/random.ts';
import { stateNames } from '../../src/state/stateNames.ts';
import { countLeaving, layoutOf, presentlyLiving, withoutGroups, withoutLongDead } from '../../src/state/layout.ts';
import { removeDead } from '../../src/train/removal.ts';
import { prepareRun, type ModelInTraining, type Setup } from '../../src/train/setup.ts';
import type { StepResult } from '../../src/step/stepResult.ts';
import { stepAfterRemoval } from './stepAfterRemoval.ts';
import { noiseBatch, writeToyModel, writeToySpeech } from './toy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pinch-removal-'));
  writeToyModel(join(folder, 'model'));
  writeToySpeech(join(folder, 'train'), 8);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settingsOf = (granularity: RunSettings['granularity']): RunSettings =>
  completeSettings({
    model: join(folder, 'model'),
    train: join(folder, 'train/manifest.jsonl'),
    device: 'cpu',
    granularity,
    steps: 20,
    batch: { seconds: 2 },
    freeze: ['conv'],
  });

const scalars = {
  part: 1,
  learningRate: 5e-3,
  gateLearningRate: 1e-2,
  temperature: 1,
  sparsityTarget: 0.5,
  multiplier: 0.2,
  update: true,
};

const copy = (state: ReadonlyMap<string, Tensor>): Map<string, Tensor> =>
  new Map(Array.from(state, ([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));

const batch = noiseBatch(Random.seeded(5));

/** @param from how many updates were made before */
async function someSteps({ session }: ModelInTraining, from: number, count: number): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (let step = from + 1; step <= from + count; step++) results.push(await session.step(batch, { ...scalars, step }));
  return results;
}

describe.each(['neuron', 'neuron+weight'] as const)('%s', (granularity) => {
  let setup: Setup;
  beforeAll(async () => {
    setup = await prepareRun(settingsOf(granularity));
  });
  afterAll(() => setup.loader.close());

  test.each(['learning', 'fixed'] as const)('gates that are %s', async (gates) => {
    const begun = setup.open('learning');
    const thresholds = (await begun.session.readState()).get(stateNames.thresholds)!.data as Float32Array;
    thresholds.fill(0.3).fill(0.95, 0, 1);
    await someSteps(begun, 0, 3);
    if (gates === 'fixed') {
      begun.session.changeState(setup.method.freezing!.freeze(begun.layout, await begun.session.readState()));
      begun.session.freezeMasks();
    }
    const state = copy(await begun.session.readState());
    const { parameters } = begun.layout;
    const living = presentlyLiving(parameters, state, gates);
    const leaving = countLeaving(living.get(0));
    expect(leaving).toBeGreaterThan(4);
    expect(leaving).toBeLessThan(28);

    const smaller = setup.open(gates, withoutGroups(parameters, state, living));
    const dense0 = smaller.layout.parameters.find(({ initializer }) => initializer === 'dense0')!;
    expect(dense0.dims).toEqual([16, 32 - leaving]);
    expect(smaller.layout.removed.gated).toBe(leaving * (16 + 32));

    const [[expected], [found]] = [await someSteps(begun, 3, 1), await someSteps(smaller, 3, 1)];
    expect(Math.abs(found!.ctcLoss - expected!.ctcLoss)).toBeLessThan(1e-4 * expected!.ctcLoss);
    expect(Math.abs(found!.loss - expected!.loss)).toBeLessThan(1e-4 * Math.abs(expected!.loss));
    expect(found!.sparsity).toBeCloseTo(expected!.sparsity, 6);
    expect(found!.layers.thresholds).toEqual(expected!.layers.thresholds);
    found!.layers.sparsities.forEach((sparsity, i) => expect(sparsity).toBeCloseTo(expected!.layers.sparsities[i]!, 6));

    // What stays has moved alike: the removal took its moments along.
    if (gates === 'fixed') {
      const [whole, left] = [await begun.session.readState(), await smaller.session.readState()];
      const kept = [...living.get(0)!.keys()].filter((unit) => living.get(0)![unit] === 1);
      const columns = kept.map((unit) => Number(whole.get(stateNames.weight('dense0'))!.data[unit]));
      columns.forEach((weight, i) => {
        expect(Math.abs(weight - Number(left.get(stateNames.weight('dense0'))!.data[i]))).toBeLessThan(1e-5);
      });
    }
    await begun.session.dispose();
    await smaller.session.dispose();
  });
});

test('biases that were zero in the file, and have learned, stay', async () => {
  const model = join(folder, 'zeros');
  writeToyModel(model);
  const file = await loadModel(model);
  const biases = ['bias0', 'bias1'];
  const zeros = biases.map((name) => {
    const tensor = file.model.graph.initializers.get(name)!;
    return [name, float32(new Float32Array(tensor.data.length), tensor.dims)] as const;
  });
  await saveModel(rewriteFile(file, file.model.graph.nodes, new Map(zeros)), file.path);
  const setup = await prepareRun({ ...settingsOf('neuron'), model });
  const whole = setup.open('learning');
  await someSteps(whole, 0, 3);
  const keep = new Map([[0, Uint8Array.from({ length: 32 }, (_, unit) => unit % 2)]]);
  const state = copy(await whole.session.readState());
  const smaller = setup.open('learning', withoutGroups(whole.layout.parameters, state, keep));
  const names = ({ layout }: ModelInTraining): string[] => layout.parameters.map(({ initializer }) => initializer);
  expect(names(smaller)).toEqual(names(whole));
  const left = await smaller.session.readState();
  for (const name of biases) {
    const bias = left.get(stateNames.weight(name))?.data as Float32Array | undefined;
    expect(bias?.some((value) => value !== 0)).toBe(true);
  }
  await whole.session.dispose();
  await smaller.session.dispose();
  await setup.loader.close();
});

test('a layer that is dead as a whole goes once its gates rest, and the run goes on', async () => {
  const setup = await prepareRun(settingsOf('neuron'));
  const begun = setup.open('learning');
  const state = copy(await begun.session.readState());
  await begun.session.dispose();
  for (const { initializer, groups } of setup.parameters) {
    if (groups) (state.get(stateNames.weight(initializer))!.data as Float32Array).fill(0);
  }
  const opened = setup.open('fixed', copy(state));
  const removal = await removeDead(setup, setup.open('fixed', state));
  const [before] = await someSteps(opened, 0, 1);
  const [after] = await someSteps(removal!.opened, 0, 1);
  expect(removal!.counts.groups).toBeGreaterThan(30);
  expect(Math.abs(after!.ctcLoss - before!.ctcLoss)).toBeLessThan(1e-4);
  expect(after!.sparsity).toBeGreaterThan(0.9);
  await opened.session.dispose();
  await removal!.opened.session.dispose();
  await setup.loader.close();
});

test.each(['learning', 'fixed'] as const)(
  'in a transformer with dropout, of which what is left keeps its masks, and gates that are %s',
  async (gates) => {
    const [model, train] = ['media/sample/model', 'media/sample/train.jsonl'];
    const { expected, found, leaving } = await stepAfterRemoval({ model, train, dropout: 0.3 }, gates);
    expect(leaving).toBeGreaterThan(100);
    expect(Math.abs(found.ctcLoss / expected.ctcLoss - 1)).toBeLessThan(1e-4);
    expect(Math.abs(found.loss - expected.loss)).toBeLessThan(1e-4 * expected.ctcLoss);
  },
);

describe('long dead', () => {
  const groups = (axis: number) => [{ gate: 0, groups: 4, axis, start: 0, length: 2, gated: true, reads: axis === 0 }];
  const parameters = [
    { initializer: 'in', dims: [5, 8], trained: true, groups: groups(1) },
    { initializer: 'out', dims: [8, 5], trained: true, groups: groups(0) },
  ];
  const counts = (...dead: number[]) => new Map([[stateNames.deadFor(0), float32(dead)]]);

  test.each([
    ['long enough and enough of them', [10, 0, 9, 12], { share: 0.5, after: 10, room: 80 }, [0, 1, 1, 0]],
    ['too few', [10, 0, 9, 9], { share: 0.5, after: 10, room: 80 }, undefined],
    ['all: the last to die stays', [12, 30, 10, 11], { share: 0.5, after: 10, room: 80 }, [0, 0, 1, 0]],
    [
      'more than are to leave: the longest dead go',
      [12, 30, 10, 11],
      { share: 0.25, after: 10, room: 59 },
      [0, 0, 1, 1],
    ],
    ['no room for one', [12, 30, 10, 11], { share: 0, after: 10, room: 19 }, undefined],
    ['none', [0, 0, 0, 0], { share: 0, after: 10, room: 80 }, undefined],
  ] as const)('%s', (_, dead, when, kept) => {
    const found = withoutLongDead(parameters, counts(...dead), when);
    expect(found && [...found.get(0)!]).toEqual(kept);
  });

  test('what left earlier stays away', () => {
    const state = new Map<string, Tensor>([
      [stateNames.present(0), float32([1, 0, 1, 1, 1])],
      [stateNames.deadFor(0), float32([0, 7, 0, 8])],
    ]);
    const left = withoutGroups([], state, new Map([[0, Uint8Array.of(1, 0, 1, 0)]]));
    expect([...(left.get(stateNames.present(0))!.data as Float32Array)]).toEqual([1, 0, 0, 1, 0]);
    expect([...(left.get(stateNames.deadFor(0))!.data as Float32Array)]).toEqual([0, 0]);
  });

  test('a state from which nothing left trains the whole model', async () => {
    const setup = await prepareRun(settingsOf('neuron'));
    const whole = {
      model: setup.model,
      parameters: setup.parameters,
      removed: { gated: 0, all: 0 },
      grouped: [],
      matrices: new Set<string>(),
    };
    expect(layoutOf(whole, new Map())).toBe(whole);
    await setup.loader.close();
  });
});
