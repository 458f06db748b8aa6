/** What the page of a diff and the extension host say to each other. A is the first checkpoint, B the second. */

import * as v from 'valibot';
import type { AlignedText } from './alignedText.ts';
import type { ModelName } from './evaluation.ts';

/** What is counted over a whole model. */
export interface DiffTotals {
  readonly parameters: number;
  readonly nonZeroParameters: number;
  /** Shares of zeros, among all parameters and among the gated weights. */
  readonly sparsity: number;
  readonly gatedSparsity: number;
  readonly bytes: number;
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
  readonly better: number;
  readonly worse: number;
}

export interface DiffResult {
  readonly a: DiffTotals;
  readonly b: DiffTotals;
  readonly layers: readonly LayerDiff[];
  /** Only those whose number differs. */
  readonly operators: readonly OperatorCount[];
  /** Null if the models were not compared on speech. */
  readonly recognition: DiffRecognition | null;
}

/** Absent is unchanged, null is cleared. The answer to `ready` has every field. */
export interface DiffState {
  readonly kind: 'state';
  readonly a?: ModelName;
  readonly b?: ModelName;
  readonly result?: DiffResult | null;
  readonly busy?: string | null;
  readonly problem?: string | null;
}

export type DiffPush = DiffState;

const request = v.variant('kind', [
  v.object({ kind: v.literal('ready') }),
  v.object({ kind: v.literal('again') }),
  v.object({ kind: v.literal('swap') }),
  /** Evaluates both on data to be chosen. */
  v.object({ kind: v.literal('compareSpeech') }),
  /** Opens the evaluation of one of the two. */
  v.object({ kind: v.literal('evaluate'), side: v.picklist(['a', 'b']) }),
  v.object({ kind: v.literal('copy') }),
]);

export type DiffRequest = v.InferOutput<typeof request>;

/** What a page said; undefined if it is nothing that it can say. */
export function parseDiffRequest(message: unknown): DiffRequest | undefined {
  const result = v.safeParse(request, message);
  return result.success ? result.output : undefined;
}
