/** Decides from the memory there is which recordings are recognised whole, and how long the windows of the others are. */

import { freemem } from 'node:os';
import type { Model } from '../../onnx/graph/graph.ts';
import { atLength } from '../../onnx/infer/shapeProbe.ts';
import { graphCost } from '../graphCost.ts';
import type { ModelIO } from '../modelIO.ts';

export interface RecognitionPlan {
  /** Audio of at most so many samples is recognised whole. */
  readonly whole: number;
  /** Longer audio is recognised in windows of so many samples. */
  readonly window: number;
  /** Neighbouring windows share so many samples. */
  readonly overlap: number;
  /** How many utterances, padded to so many samples, the memory takes at once. */
  readonly rowsAtOnce: (samples: number) => number;
  /** Bytes that values between the nodes take for utterances of at most so many samples; undefined if it cannot be estimated. */
  readonly bytes: (rows: number, longest: number) => number | undefined;
}

/** Seconds: what people record as one utterance is whole; models are trained on less than a window. */
const wholeSeconds = 40;
const windowSeconds = 20;
const shortestWindow = 4;
/** The part of a window that overlaps with the next. */
const overlapShare = 1 / 5;

/** onnxruntime's arena takes up to so much more than the values need in the written order, measured on two models and five lengths. */
const arena = 5;

/** Recognition may take this share of the memory that is free when it is planned. */
const share = 0.5;

/** Bytes that are free to this process, limits of its container included. */
export function freeMemory(): number {
  return Math.min(freemem(), process.availableMemory());
}

/** @param free bytes. Long audio is cut finer where there is little. */
export function planRecognition(
  model: Model,
  ports: ModelIO,
  sampleRate: number,
  free: number = freeMemory(),
): RecognitionPlan {
  const budget = share * free;
  const known = new Map<number, number | undefined>();
  const one = (samples: number): number | undefined => {
    if (!known.has(samples)) known.set(samples, activations(model, ports, samples));
    return known.get(samples);
  };
  const fits = (samples: number): boolean => (one(samples) ?? 0) <= budget;
  let whole = wholeSeconds * sampleRate;
  let window = Math.round(windowSeconds * sampleRate);
  while (!fits(whole) && whole > shortestWindow * sampleRate) whole = Math.round(whole / 1.5);
  if (whole < window) window = whole;
  // Attention makes it grow faster than the length, so this share of the longest is more than a shorter one takes.
  const upTo = (samples: number): number | undefined => {
    const most = one(whole);
    return most === undefined ? undefined : (most * samples) / whole;
  };
  return {
    whole,
    window,
    overlap: Math.round(window * overlapShare),
    rowsAtOnce: (samples) => Math.max(1, Math.floor(budget / (upTo(samples) ?? 1))),
    bytes: (rows, longest) => {
      const each = longest > whole ? one(window) : upTo(longest);
      return each === undefined ? undefined : Math.min(rows * each, Math.max(each, budget));
    },
  };
}

function activations(model: Model, ports: ModelIO, samples: number): number | undefined {
  const { audio, mask, logits } = ports;
  try {
    const { builder } = atLength(model, { audio: audio.name, mask, logits: logits.name }, 1, samples);
    return arena * graphCost(builder).bytes;
  } catch {
    return undefined;
  }
}
