/** Messages between the page of an evaluation and its host. */

import * as v from 'valibot';
import type { EvaluationFile } from '../results/evaluation.ts';
import type { AlignedText } from './alignedText.ts';

/** The subject of a panel. The page saves it, so that the panel survives a reload of the window. */
const evaluationSubject = v.object({
  /** Path of the ONNX file. */
  model: v.pipe(v.string(), v.minLength(1), v.maxLength(10_000)),
  /** The name of an evaluation kept beside the model; null for the newest. */
  name: v.nullable(v.pipe(v.string(), v.maxLength(1000))),
});
export type EvaluationSubject = v.InferOutput<typeof evaluationSubject>;

/** A model's names for people. */
export interface ModelName {
  /** Such as `digits-1, step 500`. */
  readonly title: string;
  /** Its ONNX file, relative to the workspace if it is inside. */
  readonly path: string;
}

/** An evaluation kept beside its model. */
export interface KeptEvaluation {
  /** The name of its folder, which is that of the test data. */
  readonly name: string;
  /** Whether the model's file has changed since the evaluation. */
  readonly modelChanged: boolean;
  readonly numbers: EvaluationFile;
}

export interface ShownEvaluation extends KeptEvaluation {
  /** Number of this result: rows and audio of another one do not belong to it. */
  readonly result: number;
  /** The manifest. */
  readonly data: string;
  /** Names of all evaluations kept beside the model, including this one. */
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
  /** Whether the audio can be played. */
  readonly audible: boolean;
}

/** Absent is unchanged, null is cleared. The answer to `ready` has every field. */
export interface EvaluationState {
  readonly subject?: EvaluationSubject;
  readonly model?: ModelName;
  readonly shown?: ShownEvaluation | null;
  /** Null if the model was not pruned by a run that can be read here. */
  readonly original?: OriginalEvaluation | null;
  /** The work in progress, such as an evaluation. */
  readonly busy?: string | null;
  readonly problem?: string | null;
}

export type ToEvaluation =
  | { readonly kind: 'state'; readonly state: EvaluationState }
  /** Some of a result's utterances, most errors first. They come in pieces, in order; an utterance's index counts from the first piece. */
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
      /** Start of the utterance in the file in seconds, and its length; null to the file's end. */
      readonly start: number;
      readonly seconds: number | null;
      /** Index from 0 of the only channel to play; undefined for all. */
      readonly channel?: number | undefined;
    }
  | { readonly kind: 'noAudio'; readonly result: number; readonly index: number; readonly reason: string };

const index = v.pipe(v.number(), v.integer(), v.minValue(0));

const fromEvaluation = v.variant('kind', [
  v.strictObject({ kind: v.literal('ready') }),
  /** On the same data. */
  v.strictObject({ kind: v.literal('evaluateAgain') }),
  /** On data that the user chooses. */
  v.strictObject({ kind: v.literal('evaluateOther') }),
  v.strictObject({ kind: v.literal('evaluateOriginal') }),
  /** Shows another of the kept evaluations. */
  v.strictObject({ kind: v.literal('show'), name: v.pipe(v.string(), v.maxLength(1000)) }),
  v.strictObject({ kind: v.literal('diffOriginal') }),
  v.strictObject({ kind: v.literal('audio'), result: index, index }),
  /** Copies text to the clipboard. */
  v.strictObject({ kind: v.literal('copy'), text: v.pipe(v.string(), v.maxLength(1_000_000)) }),
  /** Opens the folder with the hypotheses. */
  v.strictObject({ kind: v.literal('reveal') }),
]);

export type FromEvaluation = v.InferOutput<typeof fromEvaluation>;

/** A valid message of the page; otherwise undefined. */
export function parseFromEvaluation(message: unknown): FromEvaluation | undefined {
  const result = v.safeParse(fromEvaluation, message);
  return result.success ? result.output : undefined;
}

/** A valid subject that the page saved; otherwise undefined. */
export function parseEvaluationSubject(saved: unknown): EvaluationSubject | undefined {
  const result = v.safeParse(v.object({ subject: evaluationSubject }), saved);
  return result.success ? result.output.subject : undefined;
}
