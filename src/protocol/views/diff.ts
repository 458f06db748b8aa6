/** What the page of a diff and the extension host say to each other. A is the first checkpoint, B the second. */

import * as v from 'valibot';
import type { AlignedText } from './alignedText.ts';
import type { ModelName } from './evaluation.ts';

/** What a panel shows; the page saves it, so that the panel survives a reloaded window. */
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(10_000));
const diffSubject = v.object({
  /** Paths of the two ONNX files. */
  a: path,
  b: path,
  /** The manifest on which the two are compared; null if they are compared without speech. */
  data: v.nullable(path),
});
export type DiffSubject = v.InferOutput<typeof diffSubject>;

/** What is counted over a whole model. */
export interface DiffTotals {
  readonly parameters: number;
  readonly nonZeroParameters: number;
  /** Shares of zeros, among all parameters and among the gated weights. */
  readonly sparsity: number;
  readonly gatedSparsity: number;
  readonly bytes: number;
  readonly nodes: number;
}

/** A layer as it is in one of the models. */
export interface LayerSide {
  readonly shape: readonly number[];
  readonly parameters: number;
  readonly sparsity: number;
  /** In units of the layer's root-mean-square weight; null if it has none or it is not known. */
  readonly threshold: number | null;
}

export interface LayerDiff {
  readonly name: string;
  readonly gated: boolean;
  /** Null in the model that has no such layer. */
  readonly a: LayerSide | null;
  readonly b: LayerSide | null;
  /** The share of weights that differ; null if the layer is in one model only or its shapes differ. */
  readonly changed: number | null;
  /** Weights that are not zero in both, over those not zero in either (Jaccard index); null as above. */
  readonly overlap: number | null;
}

/** An operator and how many nodes of it each model has. */
export interface OperatorCount {
  readonly operator: string;
  readonly a: number;
  readonly b: number;
}

export interface WordErrors {
  readonly wer: number;
  readonly cer: number;
  readonly errors: number;
  readonly words: number;
}

/** An utterance with more errors in one model than in the other. Both are aligned with the same reference. */
export interface ChangedUtterance {
  readonly id: string;
  readonly a: AlignedText & { readonly errors: number };
  readonly b: AlignedText & { readonly errors: number };
}

export interface DiffRecognition {
  /** The manifest. */
  readonly data: string;
  readonly utterances: number;
  readonly a: WordErrors;
  readonly b: WordErrors;
  /** What becomes of A's word error rate in B. */
  readonly verdict: 'worse' | 'same' | 'better' | 'undecided';
  /** Why there is no verdict. */
  readonly reason: string | null;
  /** Matched pairs, sentence segments, word errors: the test behind the verdict. A positive Z says that B makes more errors. */
  readonly mapsswe: { readonly segments: number; readonly z: number; readonly p: number } | null;
  /** B's word error rate minus A's, and the middle 95 % of it over test speech drawn again. */
  readonly bootstrap: { readonly difference: number; readonly low: number; readonly high: number } | null;
  /** Most changed first, as many as were sent. */
  readonly changed: readonly ChangedUtterance[];
  /** Utterances with fewer errors in B, and with more. */
  readonly fewer: number;
  readonly more: number;
}

export interface DiffResult {
  readonly a: DiffTotals;
  readonly b: DiffTotals;
  /** Matrices and kernels. */
  readonly layers: readonly LayerDiff[];
  /** Biases and norms, and how many of them differ. */
  readonly vectors: { readonly total: number; readonly differ: number };
  /** Only those whose number differs. */
  readonly operators: readonly OperatorCount[];
  /** Null if the models were not compared on speech. */
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
  /** Evaluates both on data to be chosen. */
  v.strictObject({ kind: v.literal('compareSpeech') }),
  /** Opens the evaluation of one of the two. */
  v.strictObject({ kind: v.literal('evaluate'), side: v.picklist(['a', 'b']) }),
  /** Puts text on the clipboard. */
  v.strictObject({ kind: v.literal('copy'), text: v.pipe(v.string(), v.maxLength(1_000_000)) }),
]);

export type FromDiff = v.InferOutput<typeof fromDiff>;

/** What the page said, or undefined if it is nothing a page of ours says. */
export function parseFromDiff(message: unknown): FromDiff | undefined {
  const result = v.safeParse(fromDiff, message);
  return result.success ? result.output : undefined;
}

/** What the page saved, or undefined if it is no subject. */
export function parseDiffSubject(saved: unknown): DiffSubject | undefined {
  const result = v.safeParse(v.object({ subject: diffSubject }), saved);
  return result.success ? result.output.subject : undefined;
}
