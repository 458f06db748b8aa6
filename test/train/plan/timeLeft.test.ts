/** How long a run takes: reckoned from its graphs, and after ten steps from what they took. */

import { describe, expect, test } from 'vitest';
import type { Ready } from '../../../src/speech/batches/prepare.ts';
import { planBatches } from '../../../src/speech/batches/batches.ts';
import { Random } from '../../../src/base/random.ts';
import { TimeLeft, type RunLength } from '../../../src/train/plan/timeLeft.ts';

const rate = 16_000;

/** Of very different lengths, two to a batch, so that batches differ as much as they ever do. */
function someRun(more: Partial<RunLength> = {}): RunLength {
  const random = Random.seeded(3);
  const utterances = Array.from({ length: 200 }, (): Ready => ({
    utterance: { id: '', audio: '', text: '' },
    samples: Math.round(rate * (1 + 12 * random.uniform())),
    labels: new Int32Array(10),
  }));
  const plan = planBatches(utterances, { seconds: 30, utterances: 2, shuffle: true }, 0, rate);
  const [largest] = plan.shapes;
  return {
    plan,
    utterances,
    steps: 400,
    accumulate: 1,
    everyEpochs: 1,
    devSamples: 100 * rate,
    checkpointEvery: 150,
    checkpointBytes: 3e6,
    largest: { utterances: largest!.rows, samples: largest!.samples, labels: largest!.labels },
    cost: { operations: 2e10, traffic: 1e9 },
    trained: 1e6,
    speed: 1e11,
    ...more,
  };
}

/** A machine on which a step takes `slower` times what its samples say, with noise, and what is compiled takes `compile`. */
function machine(run: RunLength, { slower = 1, compile = 2, noise = 0.15, evaluation = 30 }) {
  const random = Random.seeded(4);
  const seen = new Set<string>();
  const end = { step: 0, epochs: 0 };
  const advance = (time: TimeLeft): number => {
    const { batchesPerEpoch } = run.plan;
    const planned = run.plan.epoch(Math.floor(end.step / batchesPerEpoch))[end.step % batchesPerEpoch]!;
    const shape = { utterances: planned.rows, samples: planned.samples!, labels: planned.labels };
    const key = String(planned.samples);
    const extra = seen.has(key) ? 0 : compile;
    seen.add(key);
    const seconds = slower * (0.05 + (0.4 * shape.samples) / (13 * rate)) * Math.exp(noise * random.normal()) + extra;
    time.step({ shapes: [shape], mode: 'learning' }, seconds);
    end.step += 1;
    end.epochs = end.step / batchesPerEpoch;
    let whole = seconds;
    if (end.step % batchesPerEpoch === 0) {
      time.evaluation(evaluation);
      whole += evaluation;
    }
    if (end.step % run.checkpointEvery === 0 || end.step === run.steps) {
      time.checkpoint(0.1);
      whole += 0.1;
    }
    return whole;
  };
  return { end, advance };
}

describe('after ten steps the time left is right within 10 %', () => {
  test.each([
    ['as fast as reckoned', {}],
    ['six times slower', { slower: 6, evaluation: 150 }],
    ['with graphs that take long to compile', { compile: 20 }],
  ])('%s', (_, kind) => {
    const run = someRun();
    const time = new TimeLeft(run);
    const { end, advance } = machine(run, kind);
    const guesses: number[] = [];
    const elapsed: number[] = [];
    for (let at = 0; end.step < run.steps;) {
      at += advance(time);
      elapsed.push(at);
      guesses.push(at + (time.left(end.step, end.epochs) ?? NaN));
    }
    const whole = elapsed.at(-1)!;
    // Evaluations are a part of it that is only reckoned until the first.
    const late = guesses.slice(120, -1).map((guess) => Math.abs(guess / whole - 1));
    expect(Math.max(...late)).toBeLessThan(0.1);
  });

  test('steps alone, from the tenth on', () => {
    const run = someRun({ everyEpochs: 0, devSamples: 0 });
    const time = new TimeLeft(run);
    const { end, advance } = machine(run, { slower: 3, evaluation: 0 });
    let at = 0;
    const guesses: number[] = [];
    while (end.step < run.steps) {
      at += advance(time);
      if (end.step >= 10) guesses.push(at + time.left(end.step, end.epochs)!);
    }
    for (const guess of guesses) expect(Math.abs(guess / at - 1)).toBeLessThan(0.1);
  });
});

test('the first guess counts the real lengths of batches, not all as the largest', () => {
  const run = someRun({ everyEpochs: 0, devSamples: 0, checkpointBytes: 0 });
  const { plan, largest } = run;
  const share =
    plan.epoch(0).reduce((sum, { rows, samples }) => sum + rows * samples!, 0) /
    (plan.batchesPerEpoch * largest.utterances * largest.samples);
  const largestOnly = new TimeLeft({
    ...run,
    plan: { ...plan, epoch: () => [{ ...plan.epoch(0)[0]!, samples: largest.samples }] },
  });
  const ratio = new TimeLeft(run).firstGuess / largestOnly.firstGuess;
  expect(share).toBeLessThan(0.9);
  expect(ratio).toBeLessThan(1);
  expect(ratio).toBeGreaterThan(share);
});

test('nothing is said of the time before three steps, and nothing is left after the last', () => {
  const run = someRun();
  const time = new TimeLeft(run);
  const { end, advance } = machine(run, {});
  advance(time);
  advance(time);
  expect(time.left(end.step, end.epochs)).toBeUndefined();
  advance(time);
  expect(time.left(end.step, end.epochs)).toBeGreaterThan(0);
  expect(time.left(run.steps, 4)).toBe(0);
});
