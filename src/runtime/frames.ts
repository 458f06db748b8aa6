/** The number of frames that a model makes of audio: exact for every length, derived from the model's answers for a few lengths. */

import type { Model } from '../onnx/graph/graph.ts';
import { ShapeProbe } from '../onnx/infer/shapeProbe.ts';
import type { Convolution, Processor } from '../speech/text/processor.ts';
import type { ModelIO } from './modelIO.ts';

export interface Frames {
  /** 0 for audio that is too short for the model. */
  readonly of: (samples: number) => number;
  /** Adding this many samples anywhere adds this many frames; undefined if the model has no such rhythm. */
  readonly rhythm: Rhythm | undefined;
}

export interface Rhythm {
  readonly samples: number;
  readonly frames: number;
}

/** @param axis of the output that counts frames. */
export function frameCounter(
  model: Model,
  { audio, mask, logits }: ModelIO,
  processor: Pick<Processor, 'sampleRate' | 'convolutions'>,
  axis = 1,
  probe = new ShapeProbe(model, { audio: audio.name, mask, logits: logits.name }),
): (samples: number) => number {
  return countFrames(probe, axis, processor).of;
}

/**
 * Successive convolutions and pooling, padded or not, make floor((samples − a) / s) · k + b frames, because nested floors are one floor. The
 * numbers are found by asking the model, and the formula is checked on both sides of steps near and far. A model with another form is asked
 * for every length. The convolutions of config.json only give the first estimate.
 */
export function countFrames(
  probe: ShapeProbe,
  axis: number,
  { sampleRate, convolutions }: Pick<Processor, 'sampleRate' | 'convolutions'>,
  batch = 1,
): Frames {
  const ask = (samples: number): number => {
    if (samples <= 0) return 0;
    try {
      return Math.max(0, probe.dims(batch, samples)[axis] ?? 0);
    } catch {
      return 0;
    }
  };
  const near = sampleRate;
  const stairs = [convolutions && listed(convolutions, near), ...measured(ask, near)].find(
    (guess) => guess && isRight(guess, ask, near),
  );
  if (!stairs) return { of: ask, rhythm: undefined };
  const least = shortest(stairs, ask, near);
  return { of: (samples) => (samples < least ? 0 : Math.max(0, at(stairs, samples))), rhythm: stairs.rhythm };
}

/** A step of the function: the first sample count with this many frames. */
interface Stairs {
  readonly step: Rhythm;
  readonly rhythm: Rhythm;
}

const at = ({ step, rhythm }: Stairs, samples: number): number =>
  step.frames + rhythm.frames * Math.floor((samples - step.samples) / rhythm.samples);

/** Samples after `near` at which the formula is checked again: about ten minutes, where a wrong rhythm shows. */
const distance = 10_000_000;

function isRight(stairs: Stairs, ask: (samples: number) => number, near: number): boolean {
  const { step, rhythm } = stairs;
  const far = step.samples + rhythm.samples * Math.floor(distance / rhythm.samples);
  return (
    near < far &&
    [step.samples - 1, step.samples, far - 1, far].every((samples) => ask(samples) === at(stairs, samples))
  );
}

/** The count for unpadded convolutions, as in Hugging Face: floor((n − kernel) / stride) + 1 for each. */
function listed(convolutions: readonly Convolution[], near: number): Stairs {
  let [stride, offset] = [1, 0];
  for (const convolution of convolutions) {
    offset += stride * (convolution.stride - convolution.kernel);
    stride *= convolution.stride;
  }
  const frames = Math.ceil((near + offset) / stride);
  return { step: { samples: frames * stride - offset, frames }, rhythm: { samples: stride, frames: 1 } };
}

/** Finds the next step after `near` by bisection. The rhythm follows from the number of steps over a long distance. */
function* measured(ask: (samples: number) => number, near: number): Generator<Stairs> {
  const before = ask(near);
  let [low, high] = [near, near + 1];
  while (ask(high) === before && high < distance) [low, high] = [high, near + 2 * (high - near)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (ask(middle) > before) high = middle;
    else low = middle;
  }
  const step = { samples: high, frames: ask(high) };
  const height = step.frames - before;
  const rise = (ask(near + distance) - before) / height;
  if (!(height > 0 && rise > 1)) return;
  const [least, most] = [Math.ceil(distance / (rise + 1)), Math.floor(distance / (rise - 1))];
  const middle = Math.round(distance / rise);
  const candidates = Array.from({ length: most - least + 1 }, (_, i) => least + i);
  candidates.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
  for (const samples of candidates.slice(0, 8)) yield { step, rhythm: { samples, frames: height } };
}

/** The fewest samples that give a frame: from the formula or, with padding, from the model. */
function shortest(stairs: Stairs, ask: (samples: number) => number, near: number): number {
  const { step, rhythm } = stairs;
  const guess = step.samples - rhythm.samples * (Math.ceil(step.frames / rhythm.frames) - 1);
  if (ask(guess) > 0 && ask(guess - 1) === 0) return guess;
  let [none, some] = [0, near];
  while (some - none > 1) {
    const middle = Math.floor((none + some) / 2);
    if (ask(middle) > 0) some = middle;
    else none = middle;
  }
  return some;
}
