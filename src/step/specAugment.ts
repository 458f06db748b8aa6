/**
 * SpecAugment (Park et al., 2019), where wav2vec 2.0 has it when it is fine-tuned (Baevski et al., 2020): spans of frames, and spans of the
 * features of all frames, are taken from what the transformer reads. A trained model knows its training data by heart; with the spans gone there
 * is something left to learn, for its weights and for its gates.
 */

import type { Builder } from '../onnx/graph/builder.ts';
import { ints } from '../onnx/graph/graph.ts';
import { float32 } from '../onnx/graph/tensor.ts';
import type { ValueEdit } from '../onnx/passes/specialize.ts';
import type { Operand, Value } from '../onnx/graph/value.ts';
import type { RunSettings } from '../protocol/settings.ts';
import { Random } from '../base/random.ts';

export type SpecAugmentSettings = RunSettings['specAugment'];

/** What is masked: spans of frames, of features, or of both. */
export interface MaskedAxes {
  readonly time: boolean;
  readonly features: boolean;
}

/** @returns undefined if nothing is. */
export function maskedAxes({ maskTimeProb, maskFeatureProb }: SpecAugmentSettings): MaskedAxes | undefined {
  const [time, features] = [maskTimeProb > 0, maskFeatureProb > 0];
  return time || features ? { time, features } : undefined;
}

/** An input of the training graph that takes a mask: 0 for what is masked, 1 for the rest. */
export interface MaskInput {
  readonly name: string;
  readonly dims: readonly number[];
}

export interface MaskInputs {
  /** Utterances × frames × 1. */
  readonly time: MaskInput | undefined;
  /** Utterances × 1 × features. */
  readonly features: MaskInput | undefined;
}

/**
 * Puts the masks where the residual stream begins: behind the first value that something computed from it is added to, one vector for each
 * frame of the logits. In wav2vec 2.0 and its relatives that is the feature projection's output. Where the stream has another frame rate, as in
 * SEW, the masks are put on the last value before it that has the logits' frames.
 * @param written the model's nodes in their simplest form.
 * @param logits the logits' shape: utterances, frames, symbols.
 * @param embed what masked frames become, a number for each feature: the vector that the model learned for them. Exports have lost it; without
 *   it, or with one of another width, they become zero. Masked features become zero, of masked frames, too, as in transformers.
 * @returns no edit for a model without such a place.
 */
export function specAugmentEdit(
  written: Builder['operands'],
  logits: readonly number[],
  masked: MaskedAxes,
  use: (inputs: MaskInputs) => void,
  embed?: Float32Array<ArrayBuffer>,
): ReadonlyMap<Value, ValueEdit> {
  const [utterances = 0, frames = 0] = logits;
  const stream = streamStart(written, utterances, frames);
  if (!stream) return new Map();
  const edit: ValueEdit = (b, value) => {
    const turned = value.dims[0] !== utterances || value.dims[1] !== frames;
    const width = value.dims[2] ?? 0;
    const input = (name: string, dims: readonly number[]): readonly [MaskInput, Value] => {
      const mask = b.input(name, 'float32', dims);
      return [{ name, dims }, turned ? b.op('Transpose', [mask], { perm: ints([1, 0, 2]) }) : mask];
    };
    const [time, shownFrames] = masked.time ? input('time_mask', [utterances, frames, 1]) : [];
    const [features, shownFeatures] = masked.features ? input('feature_mask', [utterances, 1, width]) : [];
    use({ time, features });
    let shown = value;
    if (shownFrames) shown = b.op('Mul', [shown, shownFrames]);
    if (shownFrames && embed?.length === width) {
      const hidden = b.op('Sub', [b.scalar(1), shownFrames]);
      shown = b.op('Add', [shown, b.op('Mul', [hidden, b.constant(float32(embed), 'masked_spec_embed')])]);
    }
    return shownFeatures ? b.op('Mul', [shown, shownFeatures]) : shown;
  };
  return new Map([[stream, edit]]);
}

function streamStart(written: Builder['operands'], utterances: number, frames: number): Value | undefined {
  const inputsOf = new Map<Operand, readonly Operand[]>();
  /** Where streams at other frame rates begin. */
  const others: Value[] = [];
  for (const [node, { inputs, outputs }] of written) {
    for (const output of outputs) inputsOf.set(output, inputs);
    const [left, right] = inputs;
    if (node.opType !== 'Add' || !left || !right) continue;
    const isStream = (value: Value, branch: Value): boolean =>
      [value, branch].every(({ dims }) => dims.length === 3) &&
      value.dims.every((dim, axis) => dim === branch.dims[axis]) &&
      dependsOn(branch, value, inputsOf);
    for (const stream of isStream(left, right) ? [left] : isStream(right, left) ? [right] : []) {
      if (isOfFrames(stream.dims, utterances, frames)) return stream;
      others.push(stream);
    }
  }
  for (const stream of others) {
    const found = lastAtFrameRate(stream, inputsOf, utterances, frames);
    if (found) return found;
  }
  return undefined;
}

/**
 * The last value with a vector for each frame of the logits that a stream at another frame rate is computed from, if there is no way around it.
 * In SEW that is what is pooled, and what positions are computed from: transformers hides frames there, too.
 */
function lastAtFrameRate(
  stream: Value,
  inputsOf: ReadonlyMap<Operand, readonly Operand[]>,
  utterances: number,
  frames: number,
): Value | undefined {
  const isFrames = (value: Operand): value is Value =>
    value !== undefined &&
    value.type === 'float32' &&
    value.dims.length === 3 &&
    value.dims[2] !== 1 &&
    isOfFrames(value.dims, utterances, frames);
  const before = ancestorsOf(stream, inputsOf);
  const last = [...inputsOf.keys()].findLast((value) => before.has(value) && isFrames(value));
  if (last === undefined || !isFrames(last)) return undefined;
  const around = ancestorsOf(stream, inputsOf, last);
  return [...around].some((value) => value !== last && isFrames(value)) ? undefined : last;
}

/** Some models hold frames before utterances. */
function isOfFrames([first, second]: readonly number[], utterances: number, frames: number): boolean {
  return (first === utterances && second === frames) || (first === frames && second === utterances);
}

function dependsOn(value: Value, on: Value, inputsOf: ReadonlyMap<Operand, readonly Operand[]>): boolean {
  return value !== on && ancestorsOf(value, inputsOf, on).has(on);
}

/** What a value is computed from, itself included. @param around is looked at, but not what it is computed from. */
function ancestorsOf(
  value: Operand,
  inputsOf: ReadonlyMap<Operand, readonly Operand[]>,
  around?: Operand,
): ReadonlySet<Operand> {
  const seen = new Set<Operand>([value]);
  const open: Operand[] = [value];
  for (let next = open.pop(); next; next = open.pop()) {
    if (next === around) continue;
    for (const input of inputsOf.get(next) ?? []) {
      if (!input || seen.has(input)) continue;
      seen.add(input);
      open.push(input);
    }
  }
  return seen;
}

/** The masks of all steps. They depend on the seed, the step and the batch alone, so a run that is resumed goes on with those it would have had. */
export class SpecAugmentMasks {
  private readonly settings: SpecAugmentSettings;
  private readonly seed: number;

  constructor(settings: SpecAugmentSettings, seed: number) {
    this.settings = settings;
    this.seed = seed;
  }

  /**
   * Spans of frames, utterances × frames.
   * @param lengths frames of each utterance without padding, at most `frames`.
   * @param part which batch of the update it is.
   */
  time(lengths: readonly number[], frames: number, step: number, part: number): Float32Array<ArrayBuffer> {
    const { maskTimeProb, maskTimeLength, maskTimeMinMasks } = this.settings;
    const spans = { share: maskTimeProb, length: maskTimeLength, least: maskTimeMinMasks };
    return spanMasks(Random.seeded(this.seed, timePath, step, part), lengths, frames, spans);
  }

  /**
   * Spans of features, utterances × features: those of an utterance are masked in all of its frames. None where a span is longer than half of
   * the features: it would hide an utterance.
   */
  features(utterances: number, features: number, step: number, part: number): Float32Array<ArrayBuffer> {
    const { maskFeatureProb, maskFeatureLength, maskFeatureMinMasks } = this.settings;
    const length = maskFeatureLength ?? Math.ceil(features / featureSpans);
    const spans = { share: maskFeatureProb, length, least: maskFeatureMinMasks };
    const lengths = Array<number>(utterances).fill(2 * length > features ? 0 : features);
    return spanMasks(Random.seeded(this.seed, featurePath, step, part), lengths, features, spans);
  }
}

/** A span of features is this part of the width where the settings do not say its length: 64 of 768, as fairseq fine-tunes wav2vec 2.0. */
const featureSpans = 12;

interface Spans {
  /** Share of a row that they cover, overlaps counted twice. */
  readonly share: number;
  readonly length: number;
  /** Minimum number in a row, if it is long enough. */
  readonly least: number;
}

/**
 * As many spans for each row as transformers' `_compute_mask_indices` gives it, each beginning anywhere in it; they may overlap.
 * @param lengths of each row without padding, at most `width`.
 */
function spanMasks(random: Random, lengths: readonly number[], width: number, spans: Spans): Float32Array<ArrayBuffer> {
  const mask = new Float32Array(lengths.length * width).fill(1);
  for (const [row, length] of lengths.entries()) {
    const wanted = Math.floor((spans.share * length) / spans.length + random.uniform());
    const count = Math.min(Math.max(wanted, spans.least), Math.floor(length / spans.length));
    for (let span = 0; span < count; span++) {
      const begin = row * width + random.below(length - spans.length + 1);
      mask.fill(0, begin, begin + spans.length);
    }
  }
  return mask;
}

/** Apart from the streams that shuffle the data and drop values. */
const timePath = 1_000_037;
const featurePath = 1_000_039;
