/**
 * Messages between the page that compares runs and its host.
 *
 * The page speaks first (`ready`). The host answers with the subject, and then sends each run as soon as it is read, with few rows of its layers' history until all are drawn, again when it has changed.
 */

import * as v from 'valibot';
import type { Course } from '../course.ts';
import type { Series } from '../series.ts';
import type { HeatmapLayer, HeatmapStatus } from './heatmap.ts';
import { saveChart, type RunEvaluation, type RunVerdict } from './run.ts';

const text = v.pipe(v.string(), v.maxLength(10_000));

/** Runs on one page: more have no colours of their own. */
export const mostCompared = 10;

const comparisonSubject = v.strictObject({
  /** The runs' folders. The first is what others are compared with. */
  folders: v.pipe(v.array(text), v.minLength(2), v.maxLength(mostCompared)),
});
/** The subject of the page. The page saves it, so that the panel survives a reload of the window. */
export type ComparisonSubject = v.InferOutput<typeof comparisonSubject>;

export interface ComparedRun {
  readonly folder: string;
  readonly name: string;
  readonly status: HeatmapStatus;
  readonly step: number;
  readonly steps: number;
  /** What it was made from, by name: settings, data, model, versions, in the order in which they are shown. */
  readonly made: readonly (readonly [name: string, value: string])[];
  readonly stepsPerEpoch: number | null;
  readonly course: Course;
  readonly layers: readonly HeatmapLayer[];
  /** Packed, as the course. */
  readonly series: Series;
  readonly evaluations: readonly RunEvaluation[];
  readonly end: RunEnd;
}

/** Where a run stands. Null where it is not known. */
export interface RunEnd {
  /** On the development data: of the best checkpoint at the final sparsity, otherwise the last. */
  readonly wer: number | null;
  /** Of an evaluation kept beside that checkpoint: if there is one, of the speech that the first run was evaluated on. */
  readonly testWer: number | null;
  /** That speech, by its path. */
  readonly testData: string | null;
  /** Against the first run, where both were evaluated on the same speech. */
  readonly verdict: RunVerdict | null;
  /** Why it is undecided. */
  readonly verdictReason: string | null;
  /** Milliseconds for an utterance, of that evaluation. */
  readonly latency: number | null;
  readonly sparsity: number | null;
  readonly nonZeroParameters: number | null;
  readonly parameters: number | null;
  readonly bytes: number | null;
  /** Seconds spent in steps. */
  readonly seconds: number | null;
  /** The step of that checkpoint. */
  readonly checkpoint: number | null;
}

export type ToComparison =
  | { readonly kind: 'subject'; readonly subject: ComparisonSubject; readonly trusted: boolean }
  | { readonly kind: 'run'; readonly index: number; readonly run: ComparedRun }
  /** A run that cannot be read. */
  | { readonly kind: 'problem'; readonly index: number; readonly text: string };

const index = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(mostCompared - 1));

const fromComparison = v.variant('kind', [
  v.strictObject({ kind: v.literal('ready') }),
  /** What came is drawn, and the pointer rests: one run more may come, with all rows of its history. */
  v.strictObject({ kind: v.literal('drawn') }),
  v.strictObject({ kind: v.literal('openRun'), index }),
  v.strictObject({ kind: v.literal('openLayer'), index, layer: text }),
  /** Compares the checkpoint of a run with the first run's: what was cut, and the verdict on speech. */
  v.strictObject({ kind: v.literal('diff'), index }),
  saveChart,
]);
export type FromComparison = v.InferOutput<typeof fromComparison>;

/** A valid message of the page; otherwise undefined. */
export function parseFromComparison(message: unknown): FromComparison | undefined {
  const result = v.safeParse(fromComparison, message);
  return result.success ? result.output : undefined;
}

/** A valid saved state; otherwise undefined. */
export function parseComparisonSubject(saved: unknown): ComparisonSubject | undefined {
  const result = v.safeParse(v.object({ subject: comparisonSubject }), saved);
  return result.success ? result.output.subject : undefined;
}
