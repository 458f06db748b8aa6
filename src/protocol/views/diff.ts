/** Messages between the page of a diff and its host. A is the first checkpoint, B the second. */

import * as v from 'valibot';
import type { ModelDiff, SpeechDiff } from '../results/diff.ts';
import type { AlignedText } from './alignedText.ts';
import type { ModelName } from './evaluation.ts';

/** The subject of a panel. The page saves it, so that the panel survives a reload of the window. */
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(10_000));
const diffSubject = v.object({
  /** Paths of the two ONNX files. */
  a: path,
  b: path,
  /** The manifest for the comparison; null for a comparison without speech. */
  data: v.nullable(path),
});
export type DiffSubject = v.InferOutput<typeof diffSubject>;

/** An utterance with more errors in one model than in the other. Both are aligned with the same reference. */
export interface AlignedUtterance {
  readonly id: string;
  readonly a: AlignedText & { readonly errors: number };
  readonly b: AlignedText & { readonly errors: number };
}

export interface DiffRecognition extends Omit<SpeechDiff, 'changed'> {
  /** The largest change first; only as many as were sent. */
  readonly changed: readonly AlignedUtterance[];
}

export interface DiffResult extends Omit<ModelDiff, 'vectors' | 'recognition'> {
  /** The number of biases and norms, and of those that differ. */
  readonly vectors: { readonly total: number; readonly differ: number };
  /** Null if the models were not compared on speech. `data` is the manifest's name for people. */
  readonly recognition: DiffRecognition | null;
}

/** Absent is unchanged, null is cleared. The answer to `ready` has every field. */
export interface DiffState {
  readonly subject?: DiffSubject;
  readonly a?: ModelName;
  readonly b?: ModelName;
  readonly result?: DiffResult | null;
  readonly busy?: string | null;
  readonly problem?: string | null;
}

export interface ToDiff {
  readonly kind: 'state';
  readonly state: DiffState;
}

const fromDiff = v.variant('kind', [
  v.strictObject({ kind: v.literal('ready') }),
  v.strictObject({ kind: v.literal('again') }),
  /** Evaluates both models on data that the user chooses. */
  v.strictObject({ kind: v.literal('compareSpeech') }),
  /** Opens the evaluation of one of the two. */
  v.strictObject({ kind: v.literal('evaluate'), side: v.picklist(['a', 'b']) }),
  /** Copies text to the clipboard. */
  v.strictObject({ kind: v.literal('copy'), text: v.pipe(v.string(), v.maxLength(1_000_000)) }),
]);

export type FromDiff = v.InferOutput<typeof fromDiff>;

/** A valid message of the page; otherwise undefined. */
export function parseFromDiff(message: unknown): FromDiff | undefined {
  const result = v.safeParse(fromDiff, message);
  return result.success ? result.output : undefined;
}

/** A valid subject that the page saved; otherwise undefined. */
export function parseDiffSubject(saved: unknown): DiffSubject | undefined {
  const result = v.safeParse(v.object({ subject: diffSubject }), saved);
  return result.success ? result.output.subject : undefined;
}
