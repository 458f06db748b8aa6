/** Estimates from a run's graphs, and from how fast its device is now, what its batches, evaluations and checkpoints take. */

import { atLength } from '../../onnx/infer/shapeProbe.ts';
import type { RunSettings } from '../../protocol/settings.ts';
import type { BatchShape } from '../../speech/batches/batches.ts';
import type { DevSet } from '../data/devSet.ts';
import { graphCost, type GraphCost } from '../../runtime/graphCost.ts';
import { weightsIn } from '../../state/layout.ts';
import { isGated } from '../../state/parameter.ts';
import type { Setup } from '../setup.ts';
import { TimeLeft, type EstimatedCosts, type Schedule } from './timeLeft.ts';
import type { UnitCosts } from '../../runtime/unitCosts.ts';

/** What takes time in a graph. */
type Work = Pick<GraphCost, 'operations' | 'traffic' | 'nodes' | 'repeated'>;

/**
 * How the parts of a graph compare with the plain ones that were timed; ours, measured on models of 0.2, 1.7 and 94 million parameters.
 * Products of a step are less even than those that were timed, and starting its nodes, with their many inputs and in a Scan, takes longer.
 * The convolutions of an encoder are as fast as products where they have many channels; GELU takes much longer with a byte than an addition.
 */
const factors = {
  step: { operation: 1.15, byte: 1, node: 5 },
  encoder: { operation: 0.8, byte: 5, node: 5 },
};
/** Bytes that gates, clipping and AdamW move for each trained weight. */
const bytesPerWeight = 52;
/** Building and loading the graph takes as long as starting so many operators for each of its nodes. */
const startsPerNode = 350;
/** Later graphs are built by code that is compiled by then, in this share of the first's time. */
const laterGraphs = 0.8;
/** Recognising an utterance, beside its forward pass, takes as long as starting so many operators. */
const startsPerUtterance = 4000;
/** Freezing the masks, in bytes moved for each gated weight: a histogram of them, and a finer one. */
const bytesPerFrozenWeight = 160;
/** Bytes a second: an evaluation writes the model and loads it again; a checkpoint is written, synced, read and its zeros counted. */
const modelSpeed = { evaluation: 600e6, checkpoint: 300e6 };
/** Seconds of an evaluation or a checkpoint, however small the model: files, sessions, and what is synced. */
const least = { evaluation: 0.15, checkpoint: 0.05 };

/**
 * @param cost of one step on the largest batch.
 * @param dev the development set, if there is one.
 * @param compiled seconds that building and loading the graph of the largest batch took, if that was done.
 */
export function timeLeftOf(
  setup: Setup,
  settings: RunSettings,
  cost: GraphCost,
  dev: DevSet | undefined,
  compiled?: number,
): TimeLeft {
  const { largestBatch: shape, method } = setup;
  const graph = compiled === undefined ? undefined : { shape, mode: method.begins };
  return new TimeLeft(scheduleOf(setup, settings, dev), estimateCosts(setup, cost, dev, compiled), graph);
}

/** Seconds to evaluate on speech once, its features made. @param cost of one step on the largest batch. */
export function evaluationSecondsOf(setup: Setup, cost: GraphCost, dev: DevSet): number {
  const { evaluation, devSamples, features } = estimateCosts(setup, cost, dev, undefined);
  return evaluation + devSamples * features;
}

function scheduleOf(
  { data, steps, method, features }: Setup,
  { batch, evaluate, checkpoint }: RunSettings,
  dev: DevSet | undefined,
): Schedule {
  return {
    plan: data.plan,
    utterances: data.ready,
    steps,
    accumulate: batch.accumulate,
    frozenAt: method.begins === 'fixed' ? 0 : (method.freezing?.from(steps) ?? steps),
    everyEpochs: dev ? evaluate.everyEpochs : 0,
    checkpointEvery: checkpoint.everySteps,
    keepsFeatures: features?.keeps ?? false,
  };
}

function estimateCosts(
  setup: Setup,
  cost: GraphCost,
  dev: DevSet | undefined,
  compiled: number | undefined,
): EstimatedCosts {
  const { parameters, processor, largestBatch, device, features } = setup;
  const { units } = device;
  const trained = weightsIn(parameters.filter((parameter) => parameter.trained));
  const modelBytes = 4 * weightsIn(parameters);
  const second = forwardOf(setup, processor.sampleRate, undefined);
  const encoder = features && forwardOf(setup, processor.sampleRate, features.cut.name);
  const perSample = encoder ? secondsOf(encoder, units, factors.encoder) / processor.sampleRate : 0;
  // What is held may be of other speech, so a little is always expected: what is made then corrects it.
  const making = perSample * Math.max(0.05, 1 - (features?.shareHeld ?? 0));
  const devSamples = (dev?.seconds ?? 0) * processor.sampleRate;
  const behind = second.operations - (encoder?.operations ?? 0);
  const rest = { operations: behind, traffic: second.traffic - (encoder?.traffic ?? 0), nodes: 0 };
  const perSecond = secondsOf(rest, units, factors.step);
  const utterances = (dev?.count ?? 0) * startsPerUtterance * units.node;
  return {
    batch: (shape) => batchSeconds(shape, largestBatch, cost, trained, units),
    compiling: laterGraphs * (compiled ?? compilingOf(cost, modelBytes, units)),
    features: making,
    freezing: weightsIn(parameters.filter(isGated)) * bytesPerFrozenWeight * units.byte,
    evaluation: dev
      ? least.evaluation +
        (2 * modelBytes) / modelSpeed.evaluation +
        utterances +
        (devSamples / processor.sampleRate) * perSecond
      : 0,
    devSamples,
    // Weights, and two moments of those that are trained; what is written is read again.
    checkpoint: least.checkpoint + (modelBytes + 8 * trained) / modelSpeed.checkpoint,
  };
}

/** One part of a batch grows with its samples, CTC with the length of its rows, and the rest is the same for all. */
function batchSeconds(
  { rows, samples }: BatchShape,
  largest: BatchShape,
  { operations, traffic, nodes, repeated }: Work,
  trained: number,
  units: UnitCosts,
): number {
  const fixed = Math.min(trained * bytesPerWeight, traffic);
  const share = (rows * samples) / (largest.rows * largest.samples);
  const rounds = repeated * (samples / largest.samples);
  const work = {
    operations: operations * share,
    traffic: fixed + (traffic - fixed) * share,
    nodes: nodes - repeated + rounds,
  };
  return secondsOf(work, units, factors.step);
}

/** The graph, and its weights. */
function compilingOf({ nodes, repeated }: Work, modelBytes: number, units: UnitCosts): number {
  return (nodes - repeated) * startsPerNode * units.node + modelBytes / modelSpeed.evaluation;
}

function secondsOf(work: Omit<Work, 'repeated'>, units: UnitCosts, factor: UnitCosts): number {
  return (
    work.operations * units.operation * factor.operation +
    work.traffic * units.byte * factor.byte +
    work.nodes * units.node * factor.node
  );
}

/** The work of a forward pass on one utterance of so many samples, to the logits or to another value; no work if its shapes are not known. */
function forwardOf({ model, ports: { audio, mask, logits } }: Setup, samples: number, to = logits.name): Work {
  try {
    return graphCost(atLength(model.model, { audio: audio.name, mask, logits: to }, 1, samples).builder);
  } catch {
    return { operations: 0, traffic: 0, nodes: 0, repeated: 0 };
  }
}
