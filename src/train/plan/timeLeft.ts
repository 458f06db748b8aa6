/** How long a run takes: first reckoned from what its graphs compute, then from what its steps took. */

import { sizeOf } from '../../onnx/graph/tensor.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { BatchPlan, PlannedBatch } from '../../speech/batches/batches.ts';
import type { Ready } from '../../speech/batches/prepare.ts';
import type { DevSet } from '../data/devSet.ts';
import type { GraphCost } from '../../runtime/graphCost.ts';
import type { Parameter } from '../../state/parameter.ts';
import type { BatchShape } from '../../step/trainingGraph.ts';
import type { Setup } from '../setup.ts';

export interface RunLength {
  readonly plan: BatchPlan;
  /** The utterances of the plan. */
  readonly utterances: readonly Pick<Ready, 'samples'>[];
  /** Updates in all, and batches of each. */
  readonly steps: number;
  readonly accumulate: number;
  /** Epochs between two evaluations of the development set; 0 if there are none. The last step is always followed by one. */
  readonly everyEpochs: number;
  /** Samples of the development set; 0 without one. */
  readonly devSamples: number;
  /** Steps between two checkpoints. */
  readonly checkpointEvery: number;
  /** Of a checkpoint. */
  readonly checkpointBytes: number;
  readonly largest: BatchShape;
  /** Of one batch of that shape. */
  readonly cost: Pick<GraphCost, 'operations' | 'traffic'>;
  /** Trained weights: what is done with each takes the same time whatever the batch. */
  readonly trained: number;
  /** Floating-point operations a second in matrix products. */
  readonly speed: number;
}

/** Batches that a step was made of. */
export interface StepBatches {
  readonly shapes: readonly BatchShape[];
  /** The graph's mode: each shape is compiled once in each. */
  readonly mode: string;
}

/** The share of a square matrix product's speed that those of a step reach, and its convolutions. Ours, measured, as what follows. */
const efficiency = 0.8;
/** Moving a byte through an operator takes as long as so many operations of a matrix product. */
const operationsPerByte = 8;
/** Bytes that gates, clipping and AdamW move for each trained weight. */
const bytesPerWeight = 52;
/** Running a second of speech without training on it takes this share of a second's training. */
const recognising = 0.5;
/** Bytes a second, of a disk that is synced. */
const diskSpeed = 300e6;
/** Of batches that have been timed, the newest so many decide: the machine may get busier, or less busy. */
const remembered = 60;
/** Fewer steps than this say little. */
const fewest = 3;

export class TimeLeft {
  private readonly run: RunLength;
  private readonly averageBatch: number;
  private readonly seen = new Map<string, Set<string>>();
  private readonly timed: { readonly reckoned: number; readonly seconds: number }[] = [];
  private readonly first: { readonly reckoned: number; readonly seconds: number }[] = [];
  private readonly evaluations: number[] = [];
  private readonly checkpoints: number[] = [];

  constructor(run: RunLength) {
    this.run = run;
    const batches = run.plan.epoch(0);
    const total = batches.reduce((sum, batch) => sum + this.reckon(shapeOf(batch, run.utterances)), 0);
    this.averageBatch = total / Math.max(1, batches.length);
  }

  /** Reckons the whole run before anything of it was timed. */
  get firstGuess(): number {
    return this.after(0, 0);
  }

  /** @param seconds that the update took, compiling included. */
  step({ shapes, mode }: StepBatches, seconds: number): void {
    const reckoned = shapes.reduce((sum, shape) => sum + this.reckon(shape), 0);
    const seen = this.seen.get(mode) ?? new Set();
    this.seen.set(mode, seen);
    const before = seen.size;
    for (const shape of shapes) seen.add(`${shape.utterances}x${shape.samples}x${shape.labels}`);
    (seen.size > before ? this.first : this.timed).push({ reckoned, seconds });
    if (this.timed.length > remembered) this.timed.shift();
  }

  evaluation(seconds: number): void {
    this.evaluations.push(seconds);
  }

  checkpoint(seconds: number): void {
    this.checkpoints.push(seconds);
  }

  /** Seconds from the end of a step to the end of the run; undefined if too little was timed. @param epochs that are done, with parts. */
  left(step: number, epochs: number): number | undefined {
    return this.timed.length + this.first.length < fewest ? undefined : this.after(step, epochs);
  }

  private after(step: number, epochs: number): number {
    const { steps, accumulate, plan, everyEpochs, devSamples, checkpointEvery, checkpointBytes } = this.run;
    const stepsLeft = steps - step;
    if (stepsLeft <= 0) return 0;
    const slower = this.slower;
    const rounds = (count: number): number => (everyEpochs > 0 ? Math.floor(count / everyEpochs + 1e-9) : 0);
    const epochsAtEnd = epochs + (stepsLeft * accumulate) / plan.batchesPerEpoch;
    const inside = rounds(epochsAtEnd) - rounds(epochs);
    // The last step is followed by an evaluation in any case.
    const atEnd = everyEpochs > 0 && rounds(epochsAtEnd) * everyEpochs < epochsAtEnd - 1e-9 ? 1 : 0;
    const evaluations = devSamples > 0 ? inside + atEnd : 0;
    const perSample = this.averageBatch / Math.max(1, this.averageSamples);
    const evaluation = mean(this.evaluations) ?? recognising * perSample * devSamples * slower;
    const checkpoints = 1 + Math.floor(steps / checkpointEvery) - Math.floor(step / checkpointEvery);
    const checkpoint = mean(this.checkpoints) ?? checkpointBytes / diskSpeed;
    const batches = stepsLeft * accumulate * this.averageBatch * slower;
    return batches + evaluations * evaluation + checkpoints * checkpoint + this.compiling(slower);
  }

  /** How much longer batches take than reckoned. */
  private get slower(): number {
    const some = this.timed.length >= fewest ? this.timed : [...this.first, ...this.timed];
    const reckoned = some.reduce((sum, each) => sum + each.reckoned, 0);
    return reckoned === 0 ? 1 : some.reduce((sum, each) => sum + each.seconds, 0) / reckoned;
  }

  /** What the first step of each shape that is still to come takes beyond the step itself. */
  private compiling(slower: number): number {
    if (this.timed.length < fewest) return 0;
    const extra = mean(this.first.map(({ reckoned, seconds }) => Math.max(0, seconds - reckoned * slower))) ?? 0;
    const newest = [...this.seen.values()].at(-1)?.size ?? 0;
    return extra * Math.max(0, this.run.plan.shapes.length - newest);
  }

  private get averageSamples(): number {
    const { utterances, plan } = this.run;
    return utterances.reduce((sum, { samples }) => sum + samples, 0) / plan.batchesPerEpoch;
  }

  /** Seconds of a batch: one part grows with its samples, the other is the same for all. */
  private reckon({ utterances, samples }: BatchShape): number {
    const { cost, trained, speed, largest } = this.run;
    const fixed = Math.min(trained * bytesPerWeight, cost.traffic) * operationsPerByte;
    const whole = cost.operations / efficiency + cost.traffic * operationsPerByte;
    const share = (utterances * samples) / (largest.utterances * largest.samples);
    return (fixed + (whole - fixed) * share) / speed;
  }
}

/** @param cost of one step on the largest batch. @param dev the development set, if there is one. */
export function timeLeftOf(setup: Setup, settings: RunSettings, cost: GraphCost, dev: DevSet | undefined): TimeLeft {
  const { data, parameters, processor, steps, largestBatch, device } = setup;
  const sum = (some: readonly Parameter[]): number => some.reduce((total, { dims }) => total + sizeOf(dims), 0);
  const trained = sum(parameters.filter((parameter) => parameter.trained));
  return new TimeLeft({
    plan: data.plan,
    utterances: data.ready,
    steps,
    accumulate: settings.batch.accumulate,
    everyEpochs: settings.evaluate.everyEpochs,
    devSamples: (dev?.seconds(data.audioSeconds / data.ready.length) ?? 0) * processor.sampleRate,
    checkpointEvery: settings.checkpoint.everySteps,
    // Weights, and two moments of those that are trained.
    checkpointBytes: 4 * (sum(parameters) + 2 * trained),
    largest: largestBatch,
    cost,
    trained,
    speed: device.speed,
  });
}

function shapeOf({ rows, samples, labels, members }: PlannedBatch, utterances: RunLength['utterances']): BatchShape {
  const longest = samples ?? members.reduce((most, member) => Math.max(most, utterances[member]?.samples ?? 0), 0);
  return { utterances: rows, samples: longest, labels };
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
