/**
 * Messages between the page of a run and its host.
 *
 * The page speaks first (`ready`) and is answered with the whole state. Later pushes carry only what changed: an absent key is unchanged, null is cleared.
 */

import * as v from 'valibot';
import type { Course } from '../course.ts';
import type { ScoringUnit } from '../errorRate.ts';
import { fraction } from '../schema.ts';
import type { Comparison } from '../results/comparison.ts';
import type { Series, StepPoint } from '../series.ts';
import type { HeatmapLayer, HeatmapRun } from './heatmap.ts';

const text = v.pipe(v.string(), v.maxLength(10_000));

const runSubject = v.strictObject({
  /** The run's folder. */
  folder: text,
});
/** The subject of the page. The page saves it, so that the panel survives a reload of the window. */
export type RunSubject = v.InferOutput<typeof runSubject>;

export const eventKinds = [
  ...(['evaluation', 'checkpoint', 'removal', 'alert', 'rewind', 'resume', 'rest', 'end'] as const),
] as const;
export type RunEventKind = (typeof eventKinds)[number];

/** What happened at a step besides training. */
export interface RunEvent {
  readonly kind: RunEventKind;
  readonly step: number;
  /** One sentence. */
  readonly text: string;
}

/** A measurement on the development data; rates are fractions. */
export interface RunEvaluation {
  readonly step: number;
  readonly wer: number;
  /** Of the gated weights. */
  readonly sparsity: number;
}

export interface RunCheckpoint {
  readonly step: number;
  /** Within the run folder. */
  readonly path: string;
  readonly sparsity: number;
  readonly sparsityOfAll: number;
  readonly parameters: number;
  readonly nonZeroParameters: number;
  readonly bytes: number;
  /** On the development data, if it was measured at this step. */
  readonly wer: number | null;
  /** The lowest error rate at the final sparsity. */
  readonly best: boolean;
}

/** A setting by its path in run.json: `sparsity.target`. */
export interface RunSetting {
  readonly name: string;
  /** As in run.json; null where the default is a value that this run.json lacks. */
  readonly value: string;
  readonly standard: string;
  readonly differs: boolean;
}

/** What the run is. */
export interface RunAbout {
  /** Paths, as run.json names them. */
  readonly model: string;
  readonly train: string;
  readonly dev: string | null;
  readonly created: string;
  readonly pinch: string;
  readonly onnxruntime: string;
  readonly node: string;
  /** Those that differ from the defaults first. */
  readonly settings: readonly RunSetting[];
  /** Command lines with what they do. */
  readonly commands: readonly { readonly does: string; readonly line: string }[];
  /** Of the data; null before the run has read it. */
  readonly data: {
    readonly utterances: number;
    readonly dropped: number;
    readonly audioSeconds: number;
    readonly memoryBytes: number;
    readonly deviceReason: string;
  } | null;
}

/** How sparse a checkpoint is with all its thresholds multiplied by a factor. */
export interface RunCurve {
  /** Of the checkpoint. */
  readonly step: number;
  /** Rising from 1. */
  readonly factors: readonly number[];
  readonly sparsities: readonly number[];
  readonly gatedParameters: number;
}

/** Where a live run will be at its end, from what was measured so far. */
export interface RunForecast {
  /** Seconds; null before a step was timed. */
  readonly secondsLeft: number | null;
  /** Of the gated weights; null where nothing is pruned. */
  readonly sparsity: number | null;
  /** Numbers that remain in the model, of so many. */
  readonly nonZeroParameters: number | null;
  readonly parameters: number | null;
  /** Of the ONNX file, about or at most; null where nothing is pruned. */
  readonly bytes: { readonly value: number; readonly atMost: boolean } | null;
  /** Milliseconds for an utterance of so many seconds, from the cost table of the model that the run began from; null without one. */
  readonly latency: { readonly value: number; readonly seconds: number } | null;
}

export type RunVerdict = Comparison['verdict'];

/** An evaluation that is kept beside a checkpoint. */
export interface RunMeasurement {
  readonly step: number;
  /** The speech, for people. */
  readonly data: string;
  readonly wer: number;
  /** What is counted as a word; words if absent. */
  readonly unit?: ScoringUnit;
  /** The model that the run began from, on the same speech, with the verdict on the checkpoint; null if it was not evaluated on it. */
  readonly original: { readonly wer: number; readonly verdict: RunVerdict } | null;
  /** Why there is no verdict, if it is undecided. */
  readonly reason: string | null;
}

export interface RunPageState {
  readonly subject?: RunSubject;
  /** For people. */
  readonly name?: string;
  /** Reason why there is nothing to see yet: still reading, or an error. */
  readonly notice?: { readonly kind: 'busy' | 'error'; readonly text: string } | null;
  readonly run?: HeatmapRun | null;
  readonly about?: RunAbout | null;
  /** Updates in an epoch; null before the run has counted them. */
  readonly stepsPerEpoch?: number | null;
  readonly layers?: readonly HeatmapLayer[];
  /** The thinned history of the layers, packed, as the course; `points` messages continue both. The first one has few rows. */
  readonly series?: Series | null;
  readonly course?: Course | null;
  readonly latest?: StepPoint | null;
  readonly events?: readonly RunEvent[];
  readonly evaluations?: readonly RunEvaluation[];
  readonly checkpoints?: readonly RunCheckpoint[];
  /** Of the checkpoint that the run is judged by; null while it is counted. Absent if it has none, or if the run goes on. */
  readonly curve?: RunCurve | null;
  readonly measurements?: readonly RunMeasurement[];
  readonly forecast?: RunForecast | null;
  /** The step that is shown here and in the sidebar; null for the newest. */
  readonly held?: number | null;
  readonly trusted?: boolean;
}

export type ToRun =
  | { readonly kind: 'state'; readonly state: RunPageState }
  /** New steps in order, each after the last one in the series. */
  | { readonly kind: 'points'; readonly points: readonly StepPoint[] }
  /** The answer to `recordAt`; null if the run has no such step. */
  | { readonly kind: 'record'; readonly step: number; readonly point: StepPoint | null };

export const runCommands = [
  ...(['stop', 'resume', 'checkpoint', 'openLog', 'revealRun', 'showHeatmap'] as const),
  ...(['evaluate', 'export', 'diff', 'diffOriginal', 'pruneFurther'] as const),
] as const;
export type RunCommand = (typeof runCommands)[number];

const step = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Bytes of a chart that is saved: a picture of a very wide screen has some megabytes. */
const largestFile = 64 << 20;

/** A chart as a file, made by a page; shared by all pages with charts. */
export const saveChart = v.strictObject({
  kind: v.literal('save'),
  /** Without a folder. The user is asked for one. */
  name: v.pipe(v.string(), v.regex(/^[\w][\w. -]{0,120}\.(svg|png|csv)$/u)),
  content: v.union([
    v.pipe(v.string(), v.maxLength(largestFile)),
    v.pipe(
      v.instance(Uint8Array),
      v.check(({ length }) => length <= largestFile),
    ),
  ]),
});
export type SaveChart = v.InferOutput<typeof saveChart>;

const fromRun = v.variant('kind', [
  v.strictObject({ kind: v.literal('ready') }),
  /** The first picture is drawn: all rows of the history may come. */
  v.strictObject({ kind: v.literal('drawn') }),
  /** @param checkpoint the step of the checkpoint that it is about; the newest if absent. @param sparsity to prune it to, if one was picked. */
  v.strictObject({
    kind: v.literal('command'),
    command: v.picklist(runCommands),
    checkpoint: v.optional(step),
    sparsity: v.optional(fraction),
  }),
  v.strictObject({ kind: v.literal('openLayer'), layer: text }),
  /** Shows a step here and in the sidebar; null goes back to the newest. */
  v.strictObject({ kind: v.literal('hold'), step: v.nullable(step) }),
  /** Requests the exact record of a step, when the pointer rests. */
  v.strictObject({ kind: v.literal('recordAt'), step }),
  v.strictObject({ kind: v.literal('copy'), text: v.pipe(v.string(), v.maxLength(100_000)) }),
  saveChart,
]);
export type FromRun = v.InferOutput<typeof fromRun>;

/** A valid message of the page; otherwise undefined. */
export function parseFromRun(message: unknown): FromRun | undefined {
  const result = v.safeParse(fromRun, message);
  return result.success ? result.output : undefined;
}

/** A valid saved state; otherwise undefined. */
export function parseRunSubject(saved: unknown): RunSubject | undefined {
  const result = v.safeParse(v.object({ subject: runSubject }), saved);
  return result.success ? result.output.subject : undefined;
}
