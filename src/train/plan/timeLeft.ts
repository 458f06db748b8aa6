/** How long a run takes: the schedule of its batches, evaluations and checkpoints, each at the time that was estimated, or that it took. */

import type { BatchPlan, BatchShape, PlannedBatch } from '../../speech/batches/batches.ts';
import type { Position } from '../../speech/batches/batchStream.ts';
import type { PreparedUtterance } from '../../speech/batches/prepare.ts';
import type { GateMode } from '../../state/parameter.ts';
import { Pace } from './pace.ts';
import { Ratio } from './ratio.ts';

/** When what happens in a run. */
export interface Schedule {
  readonly plan: BatchPlan;
  /** The utterances of the plan. */
  readonly utterances: readonly Pick<PreparedUtterance, 'samples'>[];
  /** Updates in all, and batches of each. */
  readonly steps: number;
  readonly accumulate: number;
  /** The first step (from 0) with frozen masks, whose graphs are others; `steps` if masks never learn or are never frozen. */
  readonly frozenAt: number;
  /** Epochs between two evaluations of the development set; 0 if there are none. The last step is always followed by one. */
  readonly everyEpochs: number;
  /** Steps between two checkpoints. */
  readonly checkpointEvery: number;
  /** Whether features that were made once are read from then on. */
  readonly keepsFeatures: boolean;
}

/** Seconds, before anything of it was timed. */
export interface EstimatedCosts {
  /** A batch, without making features of its audio. */
  readonly batch: (shape: BatchShape) => number;
  /** Building and loading the graph of a shape, and what else its first step takes more than others. */
  readonly compiling: number;
  /** Making features of a sample of audio; 0 where batches take audio. */
  readonly features: number;
  /** Seconds to freeze the masks, if that comes. */
  readonly freezing: number;
  /** An evaluation, without making features; 0 if there is no development set. */
  readonly evaluation: number;
  /** Samples of the development set, of which the first evaluation makes features. */
  readonly devSamples: number;
  readonly checkpoint: number;
}

/** What a step took. */
export interface TimedStep {
  /** The batches that it was made of. */
  readonly shapes: readonly BatchShape[];
  readonly mode: GateMode;
  /** Compiling included, but not freezing the masks. */
  readonly seconds: number;
  /** The part of these seconds that made or read features, what reading their audio cost beside the step included, and of how many samples. */
  readonly features?: { readonly seconds: number; readonly samples: number } | undefined;
}

/** After each observation those before count so much less: the last thirty steps decide, and the last few of what happens seldom. */
const fading = { often: 0.97, seldom: 0.7 };
/** What was estimated counts as so many observations of a shape of batch; steps themselves soon know better. */
const trust = 1;
/** Fewer steps than this say little. */
const fewest = 3;
/** The fraction of the evaluations with frozen masks that find the best word error rate so far, and so are followed by a checkpoint. */
const improving = 0.5;

/** The batches of an epoch, of which a large corpus has a hundred thousand. */
interface Epoch {
  readonly length: number;
  /** All shapes that occur, by their keys. */
  readonly shapes: readonly (readonly [key: string, shape: BatchShape])[];
  /** The index of each batch's shape in `shapes`. */
  readonly kinds: Uint32Array;
  /** Samples of all utterances in front of each batch, and of all in the end. */
  readonly before: Float64Array;
}

export class TimeLeft {
  private readonly schedule: Schedule;
  private readonly estimated: EstimatedCosts;
  /** All epochs are much like the first. */
  private readonly typical: Epoch;
  private current: { readonly number: number; readonly epoch: Epoch };
  /** Graphs that have been compiled. */
  private readonly compiled = new Set<string>();
  /** Those that have made a step. */
  private readonly tried = new Set<string>();
  /** How much longer steps take than estimated, and beside that each shape. The others are relative to steps, too: all share one machine. */
  private readonly slowness = new Pace();
  private readonly ofShape = new Map<string, Ratio>();
  private readonly compiling = new Ratio(fading.seldom);
  private readonly making = new Ratio(fading.often);
  private readonly evaluating = new Ratio(fading.seldom);
  private readonly saving = new Ratio(fading.seldom);
  private evaluations = 0;
  private steps = 0;

  /** @param compiled the graph that is there before the first step, if one is. */
  constructor(
    schedule: Schedule,
    estimated: EstimatedCosts,
    compiled?: { readonly shape: BatchShape; readonly mode: GateMode },
  ) {
    this.schedule = schedule;
    this.estimated = estimated;
    this.typical = this.epoch(0);
    this.current = { number: 0, epoch: this.typical };
    if (compiled) this.compiled.add(graphOf(compiled.shape, compiled.mode));
  }

  /** The whole run, before anything of it was timed. */
  get firstGuess(): number {
    return this.after(0, { epoch: 0, batch: 0 });
  }

  step({ shapes, mode, seconds, features }: TimedStep): void {
    this.steps += 1;
    const { slower } = this;
    // The first time an encoder is loaded, too, and code is compiled.
    if (features && this.steps > 1)
      this.making.add(this.estimated.features * features.samples * slower, features.seconds);
    const own = Math.max(0, seconds - (features?.seconds ?? 0));
    const foreseen = shapes.map((shape) => this.relative(shape) * this.estimated.batch(shape));
    const expected = sum(foreseen);
    const graphs = new Set(shapes.map((shape) => graphOf(shape, mode)));
    const fresh = [...graphs].filter((graph) => !this.compiled.has(graph));
    const untried = [...graphs].some((graph) => !this.tried.has(graph));
    for (const graph of graphs) this.tried.add(graph);
    for (const graph of fresh) this.compiled.add(graph);
    if (fresh.length > 0) {
      this.compiling.add(fresh.length * this.estimated.compiling * slower, Math.max(0, own - expected * slower));
      return;
    }
    // A graph that was there already still takes longer the first time, when its memory is not.
    if (untried) return;
    this.slowness.add(expected, own);
    for (const [i, shape] of shapes.entries()) {
      const key = shapeKey(shape);
      const ratio = this.ofShape.get(key) ?? new Ratio(fading.often);
      this.ofShape.set(key, ratio);
      ratio.add(this.estimated.batch(shape) * this.slower, (own * (foreseen[i] ?? 0)) / expected);
    }
  }

  /** @param seconds that an evaluation took, features included. */
  evaluation(seconds: number): void {
    const features = this.devFeatures(this.evaluations, 1) * this.slower * this.making.value(0);
    this.evaluating.add(this.estimated.evaluation * this.slower, Math.max(0, seconds - features));
    this.evaluations += 1;
  }

  checkpoint(seconds: number): void {
    this.saving.add(this.estimated.checkpoint, seconds);
  }

  /**
   * Seconds from the end of a step to the end of the run; undefined if too little was timed.
   * @param next where the next batch is.
   */
  left(step: number, next: Position): number | undefined {
    return this.steps < fewest ? undefined : this.after(step, next);
  }

  private after(step: number, next: Position): number {
    const { steps, accumulate, frozenAt } = this.schedule;
    if (step >= steps) return 0;
    const { slower } = this;
    const batches = (steps - step) * accumulate;
    const { seconds, samples, graphs } = this.batchesFrom(next, batches, step);
    const { inLearning, atRest } = this.evaluationsAfter(step, next, batches);
    return (
      seconds * slower +
      (samples * this.estimated.features + this.devFeatures(this.evaluations, inLearning + atRest)) *
        slower *
        this.making.value(0) +
      graphs * this.estimated.compiling * slower * this.compiling.value(0) +
      (step < frozenAt && frozenAt < steps ? this.estimated.freezing * slower : 0) +
      (inLearning + atRest) * this.estimated.evaluation * slower * this.evaluating.value(0) +
      (this.periodicCheckpoints(step) + improving * atRest) * this.estimated.checkpoint * this.saving.value(0)
    );
  }

  private get slower(): number {
    return this.slowness.value;
  }

  private relative(shape: BatchShape): number {
    return this.ofShape.get(shapeKey(shape))?.value(trust) ?? 1;
  }

  /** Seconds of so many batches, samples to make features of, and graphs still to be compiled. */
  private batchesFrom(next: Position, batches: number, step: number) {
    const { accumulate, steps, frozenAt, keepsFeatures } = this.schedule;
    const { typical } = this;
    const rest = this.epochOf(next.epoch);
    const end = Math.min(rest.length, next.batch + batches);
    const ofRest = (rest.before[end] ?? 0) - (rest.before[next.batch] ?? 0);
    const passes = (batches - (end - next.batch)) / Math.max(1, typical.length);
    const seconds = this.secondsOf(rest, next.batch, end) + passes * this.secondsOf(typical, 0, typical.length);
    // Kept features are made in the first epoch alone.
    const inRest = keepsFeatures && next.epoch > 0 ? 0 : ofRest;
    const samples = inRest + (keepsFeatures ? 0 : passes * (typical.before.at(-1) ?? 0));

    const learning = Math.max(0, Math.min(steps, frozenAt) - step) * accumulate;
    const missing = (mode: GateMode): number =>
      typical.shapes.filter(([, shape]) => !this.compiled.has(graphOf(shape, mode))).length;
    const graphs = Math.min(missing('learning'), learning) + Math.min(missing('fixed'), batches - learning);
    return { seconds, samples, graphs: graphs * Math.min(2, accumulate) };
  }

  private secondsOf({ shapes, kinds }: Epoch, from: number, to: number): number {
    const each = shapes.map(([, shape]) => this.relative(shape) * this.estimated.batch(shape));
    return kinds.subarray(from, to).reduce((total, kind) => total + (each[kind] ?? 0), 0);
  }

  private evaluationsAfter(step: number, { epoch, batch }: Position, batches: number) {
    const { everyEpochs, plan, frozenAt, accumulate } = this.schedule;
    if (everyEpochs === 0) return { inLearning: 0, atRest: 0 };
    const now = epoch + batch / plan.batchesPerEpoch;
    const rounds = (after: number): number => Math.floor((now + after / plan.batchesPerEpoch) / everyEpochs + 1e-9);
    const learning = Math.min(batches, Math.max(0, frozenAt - step) * accumulate);
    const atEnd = rounds(batches) * everyEpochs < now + batches / plan.batchesPerEpoch - 1e-9 ? 1 : 0;
    return { inLearning: rounds(learning) - rounds(0), atRest: rounds(batches) - rounds(learning) + atEnd };
  }

  /** Seconds to make the features of the development set, estimated: the first evaluation does, if these are kept as the only one. */
  private devFeatures(done: number, count: number): number {
    const { devSamples, features } = this.estimated;
    const making = this.schedule.keepsFeatures ? (done === 0 && count > 0 ? 1 : 0) : count;
    return making * devSamples * features;
  }

  private periodicCheckpoints(step: number): number {
    const { steps, checkpointEvery } = this.schedule;
    const until = (end: number): number => Math.floor(end / checkpointEvery);
    return until(steps) - until(step) + (steps % checkpointEvery === 0 ? 0 : 1);
  }

  private epochOf(number: number): Epoch {
    if (this.current.number !== number) this.current = { number, epoch: this.epoch(number) };
    return this.current.epoch;
  }

  private epoch(number: number): Epoch {
    const { plan, utterances } = this.schedule;
    const batches = plan.epoch(number);
    const samplesOf = (member: number): number => utterances[member]?.samples ?? 0;
    const shapes = new Map<string, { readonly kind: number; readonly shape: BatchShape }>();
    const kinds = new Uint32Array(batches.length);
    const before = new Float64Array(batches.length + 1);
    for (const [i, batch] of batches.entries()) {
      const shape = shapeOf(batch, samplesOf);
      const key = shapeKey(shape);
      const known = shapes.get(key) ?? { kind: shapes.size, shape };
      shapes.set(key, known);
      kinds[i] = known.kind;
      before[i + 1] = (before[i] ?? 0) + sum(batch.members.map(samplesOf));
    }
    return { length: batches.length, shapes: [...shapes].map(([key, { shape }]) => [key, shape]), kinds, before };
  }
}

function shapeOf({ rows, samples, labels, members }: PlannedBatch, samplesOf: (member: number) => number): BatchShape {
  const longest = samples ?? members.reduce((most, member) => Math.max(most, samplesOf(member)), 0);
  return { rows, samples: longest, labels };
}

const shapeKey = ({ rows, samples, labels }: BatchShape): string => `${rows}x${samples}x${labels}`;
const graphOf = (shape: BatchShape, mode: GateMode): string => `${shapeKey(shape)}:${mode}`;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
