/** What the page of an evaluation and the extension host say to each other. */

import * as v from 'valibot';
import type { EvaluationFile } from '../results/evaluation.ts';
import type { AlignedText } from './alignedText.ts';

/** What a panel shows; the page saves it, so that the panel survives a reloaded window. */
const evaluationSubject = v.object({
  /** Path of the ONNX file. */
  model: v.pipe(v.string(), v.minLength(1), v.maxLength(10_000)),
  /** Which of the evaluations kept beside it; null for the newest. */
  name: v.nullable(v.pipe(v.string(), v.maxLength(1000))),
});
export type EvaluationSubject = v.InferOutput<typeof evaluationSubject>;

/** A model as people know it. */
export interface ModelName {
  /** Such as `digits-1, step 500`. */
  readonly title: string;
  /** Its ONNX file, within the workspace where it stands in one. */
  readonly path: string;
}

/** An evaluation kept beside its model. */
export interface KeptEvaluation {
  /** The name of its folder, and so of the test data. */
  readonly name: string;
  /** Whether the model's file is another one now than the one that was measured. */
  readonly modelChanged: boolean;
  readonly numbers: EvaluationFile;
}

export interface ShownEvaluation extends KeptEvaluation {
  /** Names this very result: rows and audio of another one do not belong to it. */
  readonly result: number;
  /** The manifest. */
  readonly data: string;
  /** Names of all evaluations kept beside the model, this one too. */
  readonly all: readonly string[];
}

/** The model that was pruned. `kept` is null if it has not been evaluated on the same data. */
export interface OriginalEvaluation {
  readonly model: ModelName;
  readonly kept: KeptEvaluation | null;
}

export interface UtteranceRow extends AlignedText {
  readonly id: string;
  /** Words of the reference. */
  readonly words: number;
  /** Substitutions, deletions and insertions together. */
  readonly errors: number;
  /** Seconds of audio, if known. */
  readonly seconds: number | null;
  /** Whether there is a sound file to play. */
  readonly audible: boolean;
}

/** Absent is unchanged, null is cleared. The answer to `ready` has every field. */
export interface EvaluationState {
  readonly subject?: EvaluationSubject;
  readonly model?: ModelName;
  readonly shown?: ShownEvaluation | null;
  /** Null if the model was not pruned by a run that can be read here. */
  readonly original?: OriginalEvaluation | null;
  /** What is being done, such as an evaluation. */
  readonly busy?: string | null;
  readonly problem?: string | null;
}

export type ToEvaluation =
  | { readonly kind: 'state'; readonly state: EvaluationState }
  /** Some of a result's utterances, the worst first; they come in pieces, in order. An utterance's index counts from the first piece. */
  | {
      readonly kind: 'utterances';
      readonly result: number;
      readonly from: number;
      readonly total: number;
      readonly rows: readonly UtteranceRow[];
    }
  | {
      readonly kind: 'audio';
      readonly result: number;
      readonly index: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** MIME type. */
      readonly type: string;
      /** Seconds into the file where the utterance starts, and how long it is; null to its end. */
      readonly start: number;
      readonly seconds: number | null;
    }
  | { readonly kind: 'noAudio'; readonly result: number; readonly index: number; readonly reason: string };

const index = v.pipe(v.number(), v.integer(), v.minValue(0));

const fromEvaluation = v.variant('kind', [
  v.strictObject({ kind: v.literal('ready') }),
  /** On the same data. */
  v.strictObject({ kind: v.literal('evaluateAgain') }),
  /** On data to be chosen. */
  v.strictObject({ kind: v.literal('evaluateOther') }),
  v.strictObject({ kind: v.literal('evaluateOriginal') }),
  /** Shows another of the kept evaluations. */
  v.strictObject({ kind: v.literal('show'), name: v.pipe(v.string(), v.maxLength(1000)) }),
  v.strictObject({ kind: v.literal('diffOriginal') }),
  v.strictObject({ kind: v.literal('audio'), result: index, index }),
  /** Puts text on the clipboard. */
  v.strictObject({ kind: v.literal('copy'), text: v.pipe(v.string(), v.maxLength(1_000_000)) }),
  /** Opens the folder with the hypotheses. */
  v.strictObject({ kind: v.literal('reveal') }),
]);

export type FromEvaluation = v.InferOutput<typeof fromEvaluation>;

/** What the page said, or undefined if it is nothing a page of ours says. */
export function parseFromEvaluation(message: unknown): FromEvaluation | undefined {
  const result = v.safeParse(fromEvaluation, message);
  return result.success ? result.output : undefined;
}

/** What the page saved, or undefined if it is no subject. */
export function parseEvaluationSubject(saved: unknown): EvaluationSubject | undefined {
  const result = v.safeParse(v.object({ subject: evaluationSubject }), saved);
  return result.success ? result.output.subject : undefined;
}
