/** What a study found, as it stands in study.json: numbers only, nothing that differs when it is done again but the seconds. */

import type { Comparison } from '../metrics/compare.ts';
import type { RunSettings } from '../protocol/settings.ts';
import type { TestSet } from './paths.ts';

export interface StudyResults {
  readonly pinch: string;
  readonly onnxruntime: string;
  readonly study: string;
  /** From the folder of the study's file. */
  readonly model: string;
  readonly train: string;
  readonly dev: string;
  readonly test: string;
  /** SHA-256 of the model and of what the manifests say. */
  readonly checksums: { readonly model: string; readonly train: string; readonly dev: string; readonly test: string };
  /** Which runs, and how they are. */
  readonly runs: readonly RunResult[];
  /** The model as it was given; null until it is measured. */
  readonly given: Record<TestSet, Rates> | null;
  /** The dense model, trained alike: the mean of its seeds. */
  readonly dense: Point | null;
  readonly methods: readonly MethodResult[];
}

export interface Rates {
  /** Fractions. */
  readonly wer: number;
  readonly cer: number;
  readonly errors: number;
  readonly words: number;
  readonly utterances: number;
}

export interface RunResult {
  /** Of its folder under `runs`. */
  readonly name: string;
  readonly method: RunSettings['method'];
  /** Null for the dense model. */
  readonly target: number | null;
  readonly seed: number;
  readonly status: 'done' | 'missing' | 'failed';
  /** Why it failed. */
  readonly message: string | null;
  /** Null until it is done. */
  readonly found: MeasuredRun | null;
}

export interface MeasuredRun extends Record<TestSet, Rates> {
  /** The last, within the study's folder. */
  readonly checkpoint: string;
  readonly device: string;
  readonly steps: number;
  /** Spent in training steps that count, all stages of the method included; not in reading, evaluating or writing. */
  readonly seconds: number;
  /** Counted in the checkpoint: over the gated weights, and over all parameters. */
  readonly sparsity: number;
  readonly sparsityOfAll: number;
  readonly parameters: number;
  readonly nonZeroParameters: number;
  readonly bytes: number;
  /** Of the gated layers, counted in the checkpoint. */
  readonly layers: readonly { readonly name: string; readonly sparsity: number }[];
  /** Against the dense model with the same seed, on the test set; null for that model itself, and until it is there. */
  readonly againstDense: Comparison | null;
}

/** A method at one target: the means of its seeds that are done. */
export interface Point {
  readonly target: number | null;
  readonly seeds: readonly number[];
  readonly sparsity: number;
  readonly seconds: number;
  /** On the test set. */
  readonly wer: number;
  /** 95 %, from a bootstrap over the test set's utterances. */
  readonly low: number;
  readonly high: number;
  /** On the development set. */
  readonly devWer: number;
  /** Whether no seed's word error rate is significantly above the dense model's; null where the test gives no verdict. */
  readonly lossless: boolean | null;
}

export interface MethodResult {
  readonly method: RunSettings['method'];
  /** In order of their sparsity. */
  readonly points: readonly Point[];
  /** The greatest sparsity that is lossless; null if none is, as far as is known. */
  readonly greatestLossless: number | null;
  /** The mean of its runs. */
  readonly seconds: number;
}
