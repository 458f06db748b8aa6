/**
 * How long a run takes, on simulated machines that know the time of every batch, compilation, evaluation and checkpoint: the first guess is
 * what was reckoned of the schedule; from ten steps on the time left is right within 10 %, however wrong that was.
 */

import { describe, expect, test } from 'vitest';
import { planBatches, type BatchShape } from '../../../src/speech/batches/batches.ts';
import type { PreparedUtterance } from '../../../src/speech/batches/prepare.ts';
import { Random } from '../../../src/base/random.ts';
import { TimeLeft, type EstimatedCosts, type Schedule } from '../../../src/train/plan/timeLeft.ts';

const rate = 16_000;

/** Of very different lengths, so that batches differ as much as they ever do. */
function someSchedule(more: Partial<Schedule> = {}): Schedule {
  const random = Random.seeded(3);
  const utterances = Array.from({ length: 200 }, (): PreparedUtterance => ({
    utterance: { id: '', audio: '', text: '' },
    samples: Math.round(rate * (1 + 12 * random.uniform())),
    labels: new Int32Array(10),
  }));
  return {
    plan: planBatches(utterances, { seconds: 30, utterances: 2, shuffle: true }, 0, rate),
    utterances,
    steps: 400,
    accumulate: 1,
    frozenAt: 200,
    everyEpochs: 1,
    checkpointEvery: 150,
    keepsFeatures: true,
    ...more,
  };
}

const reckoned: EstimatedCosts = {
  batch: ({ samples }: BatchShape) => 0.05 + (0.4 * samples) / (13 * rate),
  compiling: 2,
  features: 0.02 / rate,
  freezing: 3,
  evaluation: 10,
  devSamples: 100 * rate,
  checkpoint: 0.5,
};

interface Machine {
  /** What everything but the disk takes, compared with what was reckoned, at a step. */
  readonly slower?: (step: number) => number;
  /** The same of single things. */
  readonly features?: number;
  readonly compiling?: number;
  readonly evaluation?: number;
  readonly checkpoint?: number;
  /** Of batches of the longest shape, beside `slower`. */
  readonly longest?: number;
  /** Standard deviation of the logarithm of a step's time. */
  readonly noise?: number;
}

/** Makes the whole run. @returns its seconds, and what was said of them after each step. */
function simulate(schedule: Schedule, machine: Machine) {
  const {
    slower = () => 1,
    features = 1,
    compiling = 1,
    evaluation = 1,
    checkpoint = 1,
    longest = 1,
    noise = 0.12,
  } = machine;
  const random = Random.seeded(4);
  const { plan, utterances, steps, frozenAt, everyEpochs, checkpointEvery, accumulate, keepsFeatures } = schedule;
  const [largest] = plan.shapes;
  const first = largest!;
  const time = new TimeLeft(schedule, reckoned, { shape: first, mode: frozenAt === 0 ? 'fixed' : 'learning' });
  const compiled = new Set([`${first.samples}:${frozenAt === 0 ? 'fixed' : 'learning'}`]);
  const said: { step: number; at: number; left: number | undefined }[] = [];
  let [at, batches, evaluations] = [0, 0, 0];
  for (let step = 0; step < steps; step++) {
    const mode = step < frozenAt ? 'learning' : 'fixed';
    const shapes: BatchShape[] = [];
    const epochBefore = Math.floor(batches / plan.batchesPerEpoch);
    let [seconds, samples] = [0, 0];
    const making = { seconds: 0, samples: 0 };
    for (let part = 0; part < accumulate; part++, batches++) {
      const epoch = Math.floor(batches / plan.batchesPerEpoch);
      const planned = plan.epoch(epoch)[batches % plan.batchesPerEpoch]!;
      const shape = { rows: planned.rows, samples: planned.samples!, labels: planned.labels };
      shapes.push(shape);
      const own = shape.samples === first.samples ? longest : 1;
      seconds += slower(step) * own * reckoned.batch(shape) * Math.exp(noise * random.normal());
      const key = `${shape.samples}:${mode}`;
      if (!compiled.has(key)) seconds += slower(step) * compiling * reckoned.compiling;
      compiled.add(key);
      samples = planned.members.reduce((sum, member) => sum + utterances[member]!.samples, 0);
      making.samples += samples;
      if (epoch === 0 || !keepsFeatures) making.seconds += slower(step) * features * reckoned.features * samples;
    }
    time.step({ shapes, mode, seconds: seconds + making.seconds, features: making });
    at += seconds + making.seconds;
    if (step === frozenAt) at += slower(step) * reckoned.freezing;
    const position = { epoch: Math.floor(batches / plan.batchesPerEpoch), batch: batches % plan.batchesPerEpoch };
    said.push({ step: step + 1, at, left: time.left(step + 1, position) });
    const due = everyEpochs > 0 && Math.floor(position.epoch / everyEpochs) > Math.floor(epochBefore / everyEpochs);
    if (everyEpochs > 0 && (due || step + 1 === steps)) {
      const making = evaluations++ === 0 || !keepsFeatures ? reckoned.devSamples * reckoned.features * features : 0;
      const took = slower(step) * (evaluation * reckoned.evaluation + making);
      time.evaluation(took);
      at += took;
    }
    if ((step + 1) % checkpointEvery === 0 || step + 1 === steps) {
      time.checkpoint(checkpoint * reckoned.checkpoint);
      at += checkpoint * reckoned.checkpoint;
    }
  }
  return { whole: at, firstGuess: time.firstGuess, guessed: new TimeLeft(schedule, reckoned).firstGuess, said };
}

/** The largest error of what was said of the whole time, from a step on. */
function worst({ whole, said }: ReturnType<typeof simulate>, from = 10): number {
  return Math.max(...said.slice(from - 1).map(({ at, left }) => Math.abs((at + (left ?? Infinity)) / whole - 1)));
}

test('features that take far longer than reckoned say nothing of evaluations after the first, which makes those of its speech', () => {
  const run = simulate(someSchedule(), { features: 20, noise: 0 });
  expect(worst(run, 60)).toBeLessThan(0.02);
});

describe('the first guess is what the schedule takes at the reckoned times', () => {
  test.each<[string, Partial<Schedule>]>([
    ['an ordinary run', {}],
    ['without a development set', { everyEpochs: 0 }],
    ['gates that never learn', { frozenAt: 0 }],
    ['gates that never rest', { frozenAt: 400 }],
    ['features that cannot be kept', { keepsFeatures: false }],
    ['several batches to an update', { accumulate: 3, steps: 130 }],
    ['evaluated every third epoch, ending within one', { everyEpochs: 3, steps: 350 }],
    ['shorter than an epoch', { steps: 40, frozenAt: 20 }],
    ['checkpoints after every step', { checkpointEvery: 1 }],
  ])('%s', (_, more) => {
    const { whole, guessed } = simulate(someSchedule(more), { noise: 0 });
    // Half of the evaluations at rest are taken to find a best model, which is written; the graph of the largest batch is there already.
    expect(Math.abs(guessed / whole - 1)).toBeLessThan(0.05);
  });
});

describe('from ten steps on the time is right within 10 %', () => {
  test.each<[string, Machine, Partial<Schedule>?]>([
    ['all as reckoned', {}],
    ['everything six times slower', { slower: () => 6 }],
    ['everything three times faster', { slower: () => 1 / 3 }],
    ['the longest batches half as slow again as their length says', { longest: 1.5 }],
    ['features four times slower', { slower: () => 2, features: 4 }],
    ['features that cannot be kept', { features: 3 }, { keepsFeatures: false }],
    ['several batches to an update', { slower: () => 3 }, { accumulate: 3, steps: 130, frozenAt: 60 }],
    ['without a development set', { slower: () => 3 }, { everyEpochs: 0 }],
  ])('%s', (_, machine, more = {}) => {
    expect(worst(simulate(someSchedule(more), machine))).toBeLessThan(0.1);
  });

  // What has not been seen yet cannot be known: evaluations come after the first epoch, compilations with each shape.
  test.each<[string, Machine, number]>([
    ['evaluations twice as long as reckoned, from the first on', { evaluation: 2 }, 101],
    ['graphs that take long to compile, once some were', { compiling: 4 }, 30],
    ['slow checkpoints, from the first on', { checkpoint: 20 }, 151],
  ])('%s', (_, machine, from) => {
    expect(worst(simulate(someSchedule(), machine), from)).toBeLessThan(0.1);
  });
});

test('steps that differ by a third say as much once there are forty', () => {
  expect(worst(simulate(someSchedule(), { noise: 0.3 }), 40)).toBeLessThan(0.1);
});

test('a machine that gets busy is followed within ten steps', () => {
  const schedule = someSchedule();
  const run = simulate(schedule, { slower: (step) => (step < 120 ? 1 : 2.5) });
  expect(worst(run, 110)).toBeGreaterThan(0.3);
  expect(worst(run, 130)).toBeLessThan(0.1);
});

test('nothing is said of the time before three steps, and nothing is left after the last', () => {
  const { said } = simulate(someSchedule(), {});
  expect(said.slice(0, 3).map(({ left }) => left === undefined)).toEqual([true, true, false]);
  expect(said.at(-1)?.left).toBe(0);
});

test('a corpus of a hundred thousand batches costs each step no more than a millisecond or two', () => {
  const { plan, ...rest } = someSchedule({ steps: 1_000_000, frozenAt: 500_000 });
  const once = plan.epoch(0);
  const batches = Array.from({ length: 100_000 }, (_, i) => once[i % once.length]!);
  const time = new TimeLeft(
    { ...rest, plan: { ...plan, batchesPerEpoch: batches.length, epoch: () => batches } },
    reckoned,
  );
  const [largest] = plan.shapes;
  const shapes = [largest!];
  for (let i = 0; i < 3; i++) time.step({ shapes, mode: 'learning', seconds: 1 });
  time.left(3, { epoch: 0, batch: 3 });
  const before = process.cpuUsage();
  for (let i = 0; i < 50; i++) time.left(3, { epoch: 0, batch: 3 });
  const { user } = process.cpuUsage(before);
  expect(user / 50 / 1000).toBeLessThan(10);
});
