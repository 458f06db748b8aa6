/** Plans recognition within the free memory: which recordings are recognised whole, and the length of the windows for the others. */

import { freemem } from 'node:os';
import type { Model } from '../../onnx/graph/graph.ts';
import { atLength } from '../../onnx/infer/shapeProbe.ts';
import { graphCost } from '../graphCost.ts';
import type { ModelIO } from '../modelIO.ts';

export interface RecognitionPlan {
  /** Maximum samples of audio that is recognised whole. */
  readonly whole: number;
  /** Samples of a window for longer audio. */
  readonly window: number;
  /** Samples that neighbouring windows share. */
  readonly overlap: number;
  /** Number of utterances, padded to this many samples, that fit into memory at once. */
  readonly rowsAtOnce: (samples: number) => number;
  /** Bytes of the values between nodes for utterances of at most this many samples; undefined if unknown. */
  readonly bytes: (rows: number, longest: number) => number | undefined;
}

/** Seconds: typical single utterances stay whole, and models are trained on less than a window. */
const wholeSeconds = 40;
const windowSeconds = 20;
const shortestWindow = 4;
/** The fraction of a window that overlaps the next. */
const overlapShare = 1 / 5;

/** onnxruntime's arena takes up to this many times the values' memory in the written order; measured on two models and five lengths. */
const arena = 5;

/** Fraction of the free memory for recognition, at the time of planning. */
const share = 0.5;

/** Bytes that are free for this process, including its container's limit. */
export function freeMemory(): number {
  return Math.min(freemem(), process.availableMemory());
}

/** @param free bytes. With little memory, long audio is cut into shorter windows. */
export function planRecognition(
  model: Model,
  io: ModelIO,
  sampleRate: number,
  free: number = freeMemory(),
): RecognitionPlan {
  const budget = share * free;
  const known = new Map<number, number | undefined>();
  const one = (samples: number): number | undefined => {
    if (!known.has(samples)) known.set(samples, activations(model, io, samples));
    return known.get(samples);
  };
  const fits = (samples: number): boolean => (one(samples) ?? 0) <= budget;
  let whole = wholeSeconds * sampleRate;
  let window = Math.round(windowSeconds * sampleRate);
  while (!fits(whole) && whole > shortestWindow * sampleRate) whole = Math.round(whole / 1.5);
  if (whole < window) window = whole;
  // With attention, memory grows faster than the length, so this fraction of the longest length's memory is an upper bound for a shorter one.
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

function activations(model: Model, io: ModelIO, samples: number): number | undefined {
  const { audio, mask, logits } = io;
  try {
    const { builder } = atLength(model, { audio: audio.name, mask, logits: logits.name }, 1, samples);
    return arena * graphCost(builder).bytes;
  } catch {
    return undefined;
  }
}
